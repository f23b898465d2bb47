/**
 * What the program does with its arguments: `ottla -C -t topic …` (or a link named kcat) is kcat;
 * `ottla topics list` is the tree. What a command needs is loaded when it is used.
 */
import { basename } from 'node:path'
import { chooseSide } from './dispatch.ts'

export async function main(argv: readonly string[]): Promise<void> {
  const side = chooseSide(basename(argv[1] ?? ''), argv.slice(2))
  if (side.kcat) {
    const { kcat } = await import('./kcat/kcat.ts')
    await kcat(side.args, side.name)
  } else {
    const { runTree } = await import('./tree.ts')
    await runTree(side.args)
  }
}
