/** Every workload in its small size, so that none rots. Nothing is timed. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { askOnce, type BenchTarget } from '../../src/cli/bench/bench-target.ts'
import { inOtherProcess } from '../../src/cli/bench/other-process.ts'
import { runWorkload, type Value } from '../../src/cli/bench/workload.ts'
import { produce } from '../../src/cli/bench/workloads/produce.ts'
import { workloads } from '../../src/cli/bench/workloads.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'

// For load in another process: this one runs tests.
vi.stubEnv('OTTLA_PROGRAM', fileURLToPath(new URL('../../src/cli/ottla.ts', import.meta.url)))

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

async function workDone(name: string, given: Record<string, Value>): Promise<number> {
  const { figures } = await run(name, given)
  const count = figures['requestsPerSecond'] ?? figures['connectionsPerSecond']
  return count ?? figures['megabytesPerSecond'] ?? figures['greedyMegabytesPerSecond'] ?? 0
}

for (const [name, { small }] of workloads) {
  test(`${name} runs in its small size`, { timeout: 120_000 }, async () => {
    let done = await workDone(name, {}).catch(() => 0)
    // A machine that is busy with others may do nothing in so short a time.
    if (done === 0) done = await workDone(name, 'durationMs' in small ? { durationMs: 10_000 } : {})
    expect(done).toBeGreaterThan(0)
  })
}

test('produce writes idempotently, durably, compressed and over partitions', async () => {
  for (const given of [
    { idempotent: true, partitions: 3, acks: -1 },
    { durable: true, connections: 4, window: 1 },
    { codec: 'lz4' },
  ].map((one) => ({ ...one, durationMs: 1000 }))) {
    const { figures } = await run('produce', given)
    expect(figures['requestsPerSecond']).toBeGreaterThan(0)
  }
})

test('produce keeps as much of the log as it was told to', async () => {
  await run('produce', { topic: 'kept', retentionBytes: 2 ** 30, keep: true })
  const resources = [
    { resourceType: 2, resourceName: 'kept', configurationKeys: ['retention.bytes'] },
  ]
  const request = { resources, includeSynonyms: false }
  const { results } = await askOnce(target, DescribeConfigs, 2, request)
  expect(results[0].configs).toMatchObject([{ name: 'retention.bytes', value: `${2 ** 30}` }])
})

test('a broker that is not there is said in one sentence', async () => {
  const one = workloads.get('produce')!
  await expect(runWorkload(one, { host: '127.0.0.1', port: 1 }, one.small)).rejects.toThrow(
    'CreateTopics to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
  )
})

test('load in another process that fails is told with what it said', async () => {
  const { result } = inOtherProcess(produce, { host: '127.0.0.1', port: 1 }, { durationMs: 1 })
  await expect(result).rejects.toThrow(
    'produce in another process ended with 1: ottla bench: CreateTopics to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
  )
}, 60_000)
