#!/usr/bin/env node
/**
 * The command line. Starts fast: what a command needs is loaded when it is used.
 *
 * `ottla -C -t topic …` (or a link named kcat) is kcat; `ottla topics list` is the tree.
 */
import { basename } from 'node:path'
import { kcatLongOptions } from './kcat/long-options.ts'

const args = process.argv.slice(2)
const first = args[0] ?? ''
const calledAs = basename(process.argv[1] ?? '').replace(/\.[cm]?[jt]s$/, '')
const isKcatFlag = /^-[^-]/.test(first) && first !== '-h'
const isKcatLong = first.startsWith('--') && kcatLongOptions.has(first.slice(2).split('=')[0]!)

if (calledAs === 'kcat' || calledAs === 'kafkacat' || isKcatFlag || isKcatLong) {
  const { kcat } = await import('./kcat/kcat.ts')
  await kcat(args, calledAs === 'kafkacat' ? 'kafkacat' : calledAs === 'kcat' ? 'kcat' : 'ottla')
} else if (first === 'kcat' || first === 'kafkacat') {
  const { kcat } = await import('./kcat/kcat.ts')
  await kcat(args.slice(1), `ottla ${first}`)
} else {
  const { runTree } = await import('./tree.ts')
  await runTree(args)
}
