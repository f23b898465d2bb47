#!/usr/bin/env node
/**
 * The command line. Starts fast: what a command needs is loaded when it is used.
 *
 * `ottla -C -t topic …` (or a link named kcat) is kcat; `ottla topics list` is the tree.
 */
import { basename } from 'node:path'
import { chooseSide } from './dispatch.ts'

const side = chooseSide(basename(process.argv[1] ?? ''), process.argv.slice(2))
if (side.kcat) {
  const { kcat } = await import('./kcat/kcat.ts')
  await kcat(side.args, side.name)
} else {
  const { runTree } = await import('./tree.ts')
  await runTree(side.args)
}
