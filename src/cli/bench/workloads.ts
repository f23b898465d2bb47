import type { Workload } from './workload.ts'
import { commit } from './workloads/commit.ts'
import { compaction } from './workloads/compaction.ts'
import { connections } from './workloads/connections.ts'
import { consume } from './workloads/consume.ts'
import { fairness } from './workloads/fairness.ts'
import { latency } from './workloads/latency.ts'
import { mixed } from './workloads/mixed.ts'
import { partitions } from './workloads/partitions.ts'
import { produce } from './workloads/produce.ts'
import { rebalance } from './workloads/rebalance.ts'
import { rebalanceConsumer } from './workloads/rebalance-consumer.ts'

const all: readonly Workload<any>[] = [
  ...[produce, consume, mixed, latency, fairness],
  ...[connections, partitions, commit, rebalance, rebalanceConsumer, compaction],
]
/** Every workload by its name. */
export const workloads: ReadonlyMap<string, Workload<any>> = new Map(
  all.map((one) => [one.name, one]),
)
