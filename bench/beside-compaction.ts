/**
 * How much a compaction delays a producer: 1,000 requests of 16 KiB a second, measured from the time when each
 * should have left, in a second without and in one with a compaction of a large log beside them.
 */
import { buildBatch } from '../protocol/build-batch.ts'
import { DescribeLogDirs } from '../protocol/messages/describe-log-dirs.ts'
import { IncrementalAlterConfigs } from '../protocol/messages/incremental-alter-configs.ts'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import {
  askOnce,
  BenchError,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
  loadTopicConfigs,
} from '../src/cli/bench/bench-target.ts'
import { fillTopic } from '../src/cli/bench/fill-topic.ts'
import { runWorkload } from '../src/cli/bench/workload.ts'
import { workloads } from '../src/cli/bench/workloads.ts'
import type { Contender } from './brokers.ts'
import { withBroker } from './own-daemon.ts'

const dirty = 'bench-dirty'
const batchesMax = 8192
/** Of each key all values but the last are outdated. */
const valuesOfAKey = 4
const recordsOfABatch = 16
const rounds = 3
const compactionMsMax = 60_000

function keyedBatches(): Buffer[] {
  const timestamp = Date.now()
  const value = Buffer.alloc(1000, 'the quick brown fox ')
  return Array.from({ length: batchesMax }, (_, batch) => {
    const keyOf = (i: number) => Buffer.from(`key-${batch * recordsOfABatch + i}`)
    const records = Array.from({ length: recordsOfABatch }, (_, i) => ({
      ...{ timestamp, key: keyOf(i), value },
    }))
    return buildBatch({ records })
  })
}

async function sizeOf(target: BenchTarget): Promise<number> {
  const topics = [{ topic: dirty, partitions: [0] }]
  const { results } = await askOnce(target, DescribeLogDirs, 1, { topics })
  const sizes = results.flatMap((result: any) => result.topics[0]?.partitions ?? [])
  return sizes[0]?.partitionSize ?? 0
}

/** Nothing is dirty enough before. */
async function letCompact(target: BenchTarget): Promise<void> {
  const config = { name: 'min.cleanable.dirty.ratio', configOperation: 0, value: '0.01' }
  const resources = [{ resourceType: 2, resourceName: dirty, configs: [config] }]
  const request = { resources, validateOnly: false }
  const { responses } = await askOnce(target, IncrementalAlterConfigs, 0, request)
  expectNoError(responses[0].errorCode, 'IncrementalAlterConfigs')
}

/** How many bytes a second were gone through, with the pause before it begins. */
async function untilCompacted(target: BenchTarget, bytes: number): Promise<number> {
  const startMs = performance.now()
  const segmentBytes = Number(loadTopicConfigs['segment.bytes'])
  // The active segment and the last values stay.
  while ((await sizeOf(target)) > bytes / valuesOfAKey + segmentBytes) {
    if (performance.now() - startMs > compactionMsMax)
      throw new BenchError(`The log is not compacted after ${compactionMsMax} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return bytes / ((performance.now() - startMs) / 1000)
}

async function producedP99Ms(target: BenchTarget): Promise<number> {
  const given = { ratePerSecond: 1000, warmUpMs: 300, durationMs: 1000 }
  const { figures } = await runWorkload(workloads.get('latency')!, target, given)
  return figures['p99Ms']!
}

/** Medians of some rounds on one broker. */
export function besideCompaction(contender: Contender): Promise<Figures> {
  const batches = keyedBatches()
  const bytes = batches.reduce((sum, { length }) => sum + length, 0) * valuesOfAKey
  return withBroker(contender, {}, async (target) => {
    const found: { quietP99Ms: number; besideP99Ms: number; compacted: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const configs = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '1' }
      await createTopic(target, dirty, 1, configs)
      await fillTopic(target, dirty, 1, batches, valuesOfAKey)
      const quietP99Ms = await producedP99Ms(target)
      await letCompact(target)
      const compacting = untilCompacted(target, bytes)
      const [besideP99Ms, compacted] = await Promise.all([producedP99Ms(target), compacting])
      found.push({ quietP99Ms, besideP99Ms, compacted })
      await deleteTopic(target, dirty)
    }
    const median = (of: (one: (typeof found)[number]) => number) =>
      found.map(of).sort((a, b) => a - b)[rounds >> 1]!
    return {
      timesQuiet: median(({ quietP99Ms, besideP99Ms }) => besideP99Ms / quietP99Ms),
      quietP99Ms: median((one) => one.quietP99Ms),
      besideP99Ms: median((one) => one.besideP99Ms),
      compactedMegabytesPerSecond: median((one) => one.compacted) / 1e6,
    }
  })
}
