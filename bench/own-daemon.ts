/** Measurements that start brokers of their own: start, memory, clusters, very many partitions. */
import type { Figures } from '../src/cli/bench/bench-result.ts'
import {
  type BenchTarget,
  createTopic,
  deleteTopic,
  processCost,
  untilLed,
} from '../src/cli/bench/bench-target.ts'
import { fillTopic } from '../src/cli/bench/fill-topic.ts'
import { loadBatch } from '../src/cli/bench/load-frames.ts'
import { runWorkload } from '../src/cli/bench/workload.ts'
import { workloads } from '../src/cli/bench/workloads.ts'
import { type Contender, type Running, recyclePages, type StartOptions } from './brokers.ts'

const residentMb = ({ processId }: BenchTarget) => {
  const cost = processCost(processId)
  return cost && cost.residentBytes / 1e6
}

/** Stops what `use` leaves running, whatever happens. */
export async function withBroker(
  contender: Contender,
  options: StartOptions,
  use: (running: Running, replace: (by: Running) => void) => Promise<Figures>,
): Promise<Figures> {
  let running = await contender.start(options)
  try {
    return await use(running, (by) => {
      running = by
    })
  } finally {
    await running.stop()
  }
}

/** Creates a topic and has one record acknowledged. */
async function acknowledgeOne(target: BenchTarget): Promise<void> {
  const batch = loadBatch({ batchBytes: 200, recordBytes: 100, codec: 'none' })
  await createTopic(target, 'bench-start', 1)
  await fillTopic(target, 'bench-start', 1, [batch], 1)
}

/**
 * From the start of the process to the acknowledgement of a record in a topic made by then. Both start
 * on a directory that was used before: `emptyDirectoryMs` is the first start, with Kafka's formatting.
 */
export function startUp(contender: Contender): Promise<Figures> {
  return withBroker(contender, {}, async (first, replace) => {
    const before = performance.now()
    await acknowledgeOne(first)
    const emptyDirectoryMs = first.startedMs + performance.now() - before
    await deleteTopic(first, 'bench-start')
    const again = await first.restart()
    replace(again)
    const since = performance.now()
    const freshResidentMb = residentMb(again)
    await acknowledgeOne(again)
    return {
      firstAcknowledgementMs: again.startedMs + performance.now() - since,
      ...{ startedMs: again.startedMs, emptyDirectoryMs, freshResidentMb },
    }
  })
}

const durationOf = (seconds: number | undefined) =>
  seconds === undefined ? {} : { durationMs: seconds * 1000 }

/** Resident memory when it has produced and read batches of several sizes and is idle again. */
export function afterLoad(contender: Contender, seconds: number | undefined): Promise<Figures> {
  return withBroker(contender, {}, async (broker) => {
    const freshResidentMb = residentMb(broker)
    recyclePages(broker.dir)
    const produce = workloads.get('produce')!
    const consume = workloads.get('consume')!
    for (const batchBytes of [1024, 16_384, 65_536, 1_048_576])
      await runWorkload(produce, broker, { batchBytes, warmUpMs: 500, ...durationOf(seconds) })
    for (const fetchBytes of [65_536, 1_048_576])
      await runWorkload(consume, broker, { fetchBytes, warmUpMs: 500, ...durationOf(seconds) })
    const loadedResidentMb = residentMb(broker)
    await new Promise((resolve) => setTimeout(resolve, 5000))
    return { residentMb: residentMb(broker), loadedResidentMb, freshResidentMb }
  })
}

export function threeReplicas(contender: Contender, seconds: number | undefined): Promise<Figures> {
  return withBroker(contender, { nodes: 3 }, async (broker) => {
    recyclePages(broker.dir, 1024 * 1024 * 1024)
    const given = { batchBytes: 16_384, acks: -1, replicationFactor: 3, warmUpMs: 4000 }
    const produce = workloads.get('produce')!
    return (await runWorkload(produce, broker, { ...given, ...durationOf(seconds) })).figures
  })
}

const partitionCount = 10_000

export function manyPartitions(
  contender: Contender,
  seconds: number | undefined,
): Promise<Figures> {
  return withBroker(contender, {}, async (broker, replace) => {
    const freshResidentMb = residentMb(broker)
    const topic = 'bench-partitions'
    const given = { topic, partitions: partitionCount, keep: true, ...durationOf(seconds) }
    const { figures } = await runWorkload(workloads.get('partitions')!, broker, given)
    const loadedMb = residentMb(broker)
    const before = performance.now()
    const again = await broker.restart()
    replace(again)
    const startedAt = performance.now() - again.startedMs
    const stopMs = startedAt - before
    await untilLed(again, topic, partitionCount)
    const restartMs = performance.now() - startedAt
    return { ...figures, residentMb: loadedMb, freshResidentMb, restartMs, stopMs }
  })
}
