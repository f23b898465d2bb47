/** The rows of the comparison: a workload with its parameters, the figure that counts, the goal. */
import type { Value } from '../src/cli/bench/workload.ts'

export interface Row {
  readonly name: string
  readonly workload: string
  readonly parameters: Readonly<Record<string, Value>>
  /** The name of a figure. */
  readonly figure: string
  /** Whether more of the figure is better, or less. */
  readonly better: 'more' | 'less'
  /** How many times better than the other it shall be. */
  readonly goal?: number
  /** Figures shown beside. */
  readonly beside?: readonly string[]
}

const produce = (kib: number, name: string, goal: number, figure: string): Row => ({
  ...{ name: `produce ${name} batches`, workload: 'produce', figure, better: 'more', goal },
  parameters: { batchBytes: kib * 1024 },
  beside: ['brokerCpuSecondsPerGb', 'p99Ms', 'brokerResidentMb'],
})

export const rows: readonly Row[] = [
  produce(1, '1 KiB', 5, 'requestsPerSecond'),
  produce(16, '16 KiB', 4, 'megabytesPerSecond'),
  produce(64, '64 KiB', 3, 'megabytesPerSecond'),
  produce(1024, '1 MiB', 1.3, 'megabytesPerSecond'),
  {
    ...{ name: 'broker CPU per GB produced at 16 KiB', workload: 'produce', better: 'less' },
    ...{ figure: 'brokerCpuSecondsPerGb', parameters: { batchBytes: 16_384 }, goal: 4 },
  },
  {
    ...{ name: 'fetch 64 KiB, page cache', workload: 'consume', better: 'more', goal: 2 },
    ...{ figure: 'megabytesPerSecond', parameters: { fetchBytes: 65_536 } },
    beside: ['brokerCpuSecondsPerGb', 'p99Ms'],
  },
  {
    ...{ name: 'fetch 1 MiB, page cache', workload: 'consume', better: 'more', goal: 1 },
    ...{ figure: 'megabytesPerSecond', parameters: { fetchBytes: 1024 * 1024 } },
    beside: ['brokerCpuSecondsPerGb', 'p99Ms'],
  },
  {
    ...{ name: 'mixed: write 16 KiB, two readers', workload: 'mixed', better: 'more' },
    ...{ figure: 'megabytesPerSecond', parameters: {} },
    beside: ['readMegabytesPerSecond', 'brokerCpuSecondsPerGb'],
  },
  {
    ...{ name: 'open loop 5,000/s of 16 KiB, p99', workload: 'latency', better: 'less', goal: 2 },
    ...{ figure: 'p99Ms', parameters: { ratePerSecond: 5000 } },
    beside: ['p50Ms', 'p99.9Ms', 'unansweredAtEnd', 'generatorLateP99Ms'],
  },
  {
    ...{ name: 'open loop 1,000/s of 16 KiB, p99', workload: 'latency', better: 'less', goal: 2 },
    ...{ figure: 'p99Ms', parameters: { ratePerSecond: 1000 } },
    beside: ['p50Ms', 'p99.9Ms', 'unansweredAtEnd', 'generatorLateP99Ms'],
  },
  {
    name: 'durable acknowledgements, 64 connections of 1 KiB',
    ...{ workload: 'produce', better: 'more', figure: 'requestsPerSecond', goal: 5 },
    parameters: { batchBytes: 1024, connections: 64, window: 1, durable: true },
    beside: ['p50Ms', 'p99Ms'],
  },
  {
    ...{ name: '1,000 connections open and ask', workload: 'connections', better: 'more' },
    ...{ figure: 'connectionsPerSecond', parameters: { connections: 1000 } },
    beside: ['p99Ms', 'brokerKilobytesPerConnection'],
  },
  {
    ...{ name: 'produce over 10,000 partitions', workload: 'partitions', better: 'more', goal: 2 },
    ...{ figure: 'requestsPerSecond', parameters: { partitions: 10_000 } },
    beside: ['createSeconds', 'brokerKilobytesPerPartition', 'brokerResidentMb'],
  },
  {
    ...{ name: 'offset commits of 100 groups', workload: 'commit', better: 'more', goal: 2 },
    ...{ figure: 'requestsPerSecond', parameters: {} },
    beside: ['p99Ms'],
  },
]
