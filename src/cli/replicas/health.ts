/** What is not as it should be with brokers and partitions. */
import { describeCluster } from '../../client/admin/brokers.ts'
import { describeConfigs } from '../../client/admin/configs.ts'
import { describeReplicas, type ReplicaState } from '../../client/admin/replicas.ts'
import type { Cluster } from '../../client/cluster.ts'

export interface Health {
  readonly healthy: boolean
  readonly brokers: number
  /** Fenced, or known only as places of replicas. */
  readonly missingBrokers: readonly number[]
  readonly partitions: number
  readonly offline: readonly ReplicaState[]
  readonly underMinIsr: readonly ReplicaState[]
  readonly atMinIsr: readonly ReplicaState[]
  readonly underReplicated: readonly ReplicaState[]
  /** Nobody in sync is left: who leads next may lack acknowledged records. */
  readonly unclean: readonly ReplicaState[]
}

export async function healthOf(cluster: Cluster): Promise<Health> {
  const { brokers } = await describeCluster(cluster)
  const states = await describeReplicas(cluster, 'all')
  const live = new Set(brokers.filter(({ fenced }) => !fenced).map(({ id }) => id))
  const known = new Set([...brokers.map(({ id }) => id), ...states.flatMap((s) => s.replicas)])
  const missingBrokers = [...known].filter((id) => !live.has(id)).sort((a, b) => a - b)
  const concerned = states.filter(({ isr, replicas }) => isr.length < replicas.length)
  const minimums = await minIsrOf(cluster, new Set(concerned.map(({ topic }) => topic)))
  const minIsr = ({ topic, replicas }: ReplicaState) =>
    Math.min(minimums.get(topic) ?? 1, replicas.length)
  const offline = states.filter(({ leader }) => leader < 0)
  const underMinIsr = concerned.filter((state) => state.isr.length < minIsr(state))
  return {
    healthy: missingBrokers.length === 0 && concerned.length === 0 && offline.length === 0,
    brokers: live.size,
    missingBrokers,
    partitions: states.length,
    offline,
    underMinIsr,
    atMinIsr: concerned.filter((state) => state.isr.length === minIsr(state)),
    underReplicated: concerned,
    unclean: offline.filter(({ isr, elr }) => elr !== null && isr.length + elr.length === 0),
  }
}

/** min.insync.replicas of each topic; none for one that does not tell. */
export async function minIsrOf(
  cluster: Cluster,
  topics: ReadonlySet<string>,
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const name of topics) {
    const resource = { type: 'topic', name } as const
    const [config] = await describeConfigs(cluster, resource, { keys: ['min.insync.replicas'] })
    if (config?.value) found.set(name, Number(config.value))
  }
  return found
}
