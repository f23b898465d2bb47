/** Every workload in its small size, so that none rots. Nothing is timed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BenchTarget } from '../../src/cli/bench/bench-target.ts'
import { runWorkload, type Value } from '../../src/cli/bench/workload.ts'
import { workloads } from '../../src/cli/bench/workloads.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'

let node: TestNode
let target: BenchTarget
beforeAll(async () => {
  node = await startTestNode()
  target = { host: '127.0.0.1', port: node.port, processId: process.pid }
})
afterAll(async () => {
  await node?.stop()
})

const run = (name: string, given: Record<string, Value> = {}) => {
  const one = workloads.get(name)!
  return runWorkload(one, target, { ...one.small, ...given })
}

for (const [name] of workloads) {
  test(`${name} runs in its small size`, async () => {
    const { figures } = await run(name)
    const count = figures['requestsPerSecond'] ?? figures['connectionsPerSecond']
    const rate = figures['megabytesPerSecond'] ?? figures['greedyMegabytesPerSecond']
    expect(count ?? rate).toBeGreaterThan(0)
  })
}

test('produce writes idempotently, durably, compressed and over partitions', async () => {
  for (const given of [
    { idempotent: true, partitions: 3, acks: -1 },
    { durable: true, connections: 4, window: 1 },
    { codec: 'lz4' },
  ]) {
    const { figures } = await run('produce', given)
    expect(figures['requestsPerSecond']).toBeGreaterThan(0)
  }
})

test('a broker that is not there is said in one sentence', async () => {
  const one = workloads.get('produce')!
  await expect(runWorkload(one, { host: '127.0.0.1', port: 1 }, one.small)).rejects.toThrow(
    'CreateTopics to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
  )
})
