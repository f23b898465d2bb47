/** A node on a directory of its own, for one test file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Node, startNode } from '../../src/index.ts'

export interface TestNode {
  readonly node: Node
  readonly port: number
  readonly directory: string
  /** Also removes the directory. */
  stop(): Promise<void>
}

export async function startTestNode(
  configuration: Record<string, string | number | boolean> = {},
): Promise<TestNode> {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-'))
  const node = await startNode({ 'log.dirs': directory, ...configuration })
  return {
    node,
    port: node.advertised[0]?.port ?? 0,
    directory,
    async stop() {
      await node.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
