/** The rows about groups: what committing offsets costs, and how long a large group is without its partitions. */
import type { Row } from './rows.ts'

export const groupRows: readonly Row[] = [
  {
    ...{ name: 'offset commits, 16 in flight on 64 connections', better: 'more' },
    ...{ measure: { workload: 'commit', parameters: { connections: 64, window: 16 } } },
    ...{ figure: 'requestsPerSecond', beside: ['p99Ms', 'brokerCpuShare', 'othersCpuShare'] },
  },
  {
    ...{ name: 'offset commits, 2 in flight on 256 connections', better: 'more' },
    ...{ measure: { workload: 'commit', parameters: { connections: 256, window: 2 } } },
    ...{ figure: 'requestsPerSecond', beside: ['p99Ms', 'brokerCpuShare', 'othersCpuShare'] },
  },
  {
    ...{ name: 'rebalance of 1,000 members, from the last join', better: 'less' },
    ...{ measure: { workload: 'rebalance', parameters: {} }, figure: 'rebalanceMs' },
    beside: ['slowestRebalanceMs'],
  },
  {
    ...{ name: 'one more member of 1,000 has its share (KIP-848)', better: 'less' },
    ...{ measure: { workload: 'rebalance-consumer', parameters: {} }, figure: 'rebalanceMs' },
    beside: ['slowestRebalanceMs'],
  },
]
