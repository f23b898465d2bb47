/** The rows of the comparison: what is measured, the figure that counts, the goal. */
import type { Figures } from '../src/cli/bench/bench-result.ts'
import type { Daemon } from '../src/cli/bench/daemon.ts'
import type { Parameters } from '../src/cli/bench/workload.ts'
import { besideCompaction } from './beside-compaction.ts'
import type { Contender } from './brokers.ts'
import { groupRows } from './group-rows.ts'
import { javaRows } from './java-clients.ts'
import { librdkafkaRows } from './librdkafka-clients.ts'
import { afterLoad, manyPartitions, startUp, threeReplicas } from './own-daemon.ts'

/** Rows that show figures of one measurement share its object: it is taken once. */
export type Measure =
  /** A workload on the broker that runs throughout. */
  | { readonly workload: string; readonly parameters: Parameters }
  /** Something else on that broker; `check` throws BenchError where it cannot be had. */
  | { readonly onDaemon: (daemon: Daemon) => Promise<Figures>; readonly check: () => void }
  /** Starts brokers of its own; `seconds` is how long a load in it lasts. */
  | { readonly alone: (contender: Contender, seconds: number | undefined) => Promise<Figures> }

export interface Row {
  readonly name: string
  readonly measure: Measure
  /** The name of a figure. */
  readonly figure: string
  /** Whether more of the figure is better, or less. */
  readonly better: 'more' | 'less'
  /** How many times better than the other it shall be. */
  readonly goal?: number
  /** Figures shown beside. */
  readonly beside?: readonly string[]
}

const KiB = 1024
const load = (workload: string, parameters: Parameters): Measure => ({ workload, parameters })
const produce16 = load('produce', { batchBytes: 16 * KiB })
const partitions: Measure = { alone: manyPartitions }
const fairness = load('fairness', {})

const produced = (
  name: string,
  figure: string,
  goal: number | undefined,
  measure: Measure,
  beside = ['brokerCpuSecondsPerGb', 'p99Ms', 'othersCpuShare'],
): Row => ({
  ...{ name, measure, figure, better: 'more', beside },
  ...(goal !== undefined && { goal }),
})

/** As produces: two connections, so many fetches in flight on each. A consumer has one, or two. */
const fetched = (name: string, fetchBytes: number, window: number, goal?: number): Row => ({
  ...{ name, measure: load('consume', { fetchBytes, window }), figure: 'megabytesPerSecond' },
  ...{ better: 'more', ...(goal !== undefined && { goal }) },
  beside: ['brokerCpuSecondsPerGb', 'p99Ms', 'othersCpuShare'],
})

const openLoop = (ratePerSecond: number, goal?: number): Row => ({
  name: `open loop ${ratePerSecond.toLocaleString('en')}/s of 16 KiB, p99`,
  ...{ measure: load('latency', { ratePerSecond }), figure: 'p99Ms', better: 'less' },
  ...(goal !== undefined && { goal }),
  beside: ['p50Ms', 'p99.9Ms', 'p99.99Ms', 'unansweredAtEnd', 'generatorLateP99Ms'],
})

/** Issue's table first, in its order. */
export const rows: readonly Row[] = [
  produced('produce 1 KiB batches', 'requestsPerSecond', 5, load('produce', { batchBytes: KiB })),
  produced('produce 16 KiB batches', 'megabytesPerSecond', 4, produce16),
  produced(
    ...(['produce 64 KiB batches', 'megabytesPerSecond', 3] as const),
    load('produce', { batchBytes: 64 * KiB }),
  ),
  produced(
    ...(['produce 1 MiB batches', 'megabytesPerSecond', 1.3] as const),
    load('produce', { batchBytes: KiB * KiB }),
  ),
  produced(
    ...(['produce 16 KiB batches, 1 GiB of log kept', 'megabytesPerSecond', undefined] as const),
    load('produce', { batchBytes: 16 * KiB, retentionBytes: KiB ** 3 }),
  ),
  fetched('fetch 64 KiB, page cache', 64 * KiB, 8, 2),
  fetched('fetch 1 MiB, page cache', KiB * KiB, 8, 1),
  fetched('fetch 64 KiB, page cache, two in flight', 64 * KiB, 2),
  fetched('fetch 1 MiB, page cache, two in flight', KiB * KiB, 2),
  {
    ...{ name: 'broker CPU per GB produced at 16 KiB', measure: produce16, goal: 4 },
    ...{ figure: 'brokerCpuSecondsPerGb', better: 'less' },
  },
  {
    ...{ name: 'start of the daemon to the first acknowledgement', measure: { alone: startUp } },
    ...{ figure: 'firstAcknowledgementMs', better: 'less', goal: 20 },
    beside: ['startedMs', 'emptyDirectoryMs', 'freshResidentMb'],
  },
  {
    ...{ name: 'resident memory after the load', measure: { alone: afterLoad } },
    ...{ figure: 'residentMb', better: 'less', goal: 8, beside: ['freshResidentMb'] },
  },
  ...javaRows,
  ...librdkafkaRows,
  openLoop(5000, 2),
  openLoop(1000),
  {
    ...{ name: 'three replicas, acks=all, 16 KiB', measure: { alone: threeReplicas } },
    ...{ figure: 'megabytesPerSecond', better: 'more', goal: 2 },
    beside: ['p50Ms', 'p99Ms', 'brokerCpuSecondsPerGb', 'brokerResidentMb'],
  },
  produced(
    ...(['durable acknowledgements, 64 connections of 1 KiB', 'requestsPerSecond', 5] as const),
    load('produce', { batchBytes: KiB, connections: 64, window: 1, durable: true }),
    ['p50Ms', 'p99Ms'],
  ),
  produced('10,000 partitions: produce over all', 'requestsPerSecond', 2, partitions, [
    ...['createSeconds', 'p99Ms', 'brokerCpuSecondsPerGb'],
  ]),
  {
    ...{ name: '10,000 partitions: resident memory', measure: partitions, figure: 'residentMb' },
    ...{ better: 'less', goal: 8, beside: ['freshResidentMb'] },
  },
  {
    ...{ name: '10,000 partitions: restart until all are served', measure: partitions },
    ...{ figure: 'restartMs', better: 'less', goal: 10, beside: ['stopMs'] },
  },
  {
    ...{ name: 'p99 beside a producer at full rate, times quiet', measure: fairness },
    ...{ figure: 'timesQuiet', better: 'less' },
    beside: ['quietP99Ms', 'besideP99Ms', 'greedyMegabytesPerSecond'],
  },
  {
    ...{ name: 'p99 beside a compaction, times quiet', measure: { alone: besideCompaction } },
    ...{ figure: 'timesQuiet', better: 'less' },
    beside: ['quietP99Ms', 'besideP99Ms', 'compactedMegabytesPerSecond'],
  },
  {
    ...{ name: 'mixed: write 16 KiB, two readers', measure: load('mixed', {}) },
    ...{ figure: 'megabytesPerSecond', better: 'more' },
    beside: ['readMegabytesPerSecond', 'brokerCpuSecondsPerGb'],
  },
  {
    ...{ name: '1,000 connections open and ask', figure: 'connectionsPerSecond', better: 'more' },
    ...{ measure: load('connections', { connections: 1000 }) },
    beside: ['p99Ms', 'brokerKilobytesPerConnection'],
  },
  ...groupRows,
]
