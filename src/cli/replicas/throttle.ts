/**
 * Limits on what copying replicas may take (KIP-73), set and removed as Kafka's tool does it: a rate
 * on each broker, and on each topic the replicas that it holds for.
 */
import { alterConfigs, type ConfigChange, type Resource } from '../../client/admin/configs.ts'
import type { Cluster } from '../../client/cluster.ts'
import { groupBy } from '../../client/group-by.ts'
import type { Move } from './plan.ts'

const brokerRates = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate']
const topicReplicas = [
  'leader.replication.throttled.replicas',
  'follower.replication.throttled.replicas',
] as const

/** Leaders send from all replicas there were; followers are those that are new. */
export async function setThrottle(
  cluster: Cluster,
  moves: readonly Move[],
  bytesPerSecond: number,
): Promise<void> {
  for (const [topic, theirs] of groupBy(moves, (move) => move.topic)) {
    const list = (ids: (move: Move) => readonly number[]) =>
      theirs.flatMap((move) => ids(move).map((id) => `${move.partition}:${id}`)).join(',')
    const added = ({ before, replicas }: Move) => replicas.filter((id) => !before.includes(id))
    await change(cluster, { type: 'topic', name: topic }, [
      set(
        topicReplicas[0],
        list(({ before }) => before),
      ),
      set(topicReplicas[1], list(added)),
    ])
  }
  for (const id of brokersOf(moves))
    await change(
      cluster,
      { type: 'broker', name: String(id) },
      brokerRates.map((name) => set(name, String(bytesPerSecond))),
    )
}

export async function clearThrottle(
  cluster: Cluster,
  topics: Iterable<string>,
  brokers: Iterable<number>,
): Promise<void> {
  for (const id of brokers)
    await change(cluster, { type: 'broker', name: String(id) }, brokerRates.map(unset))
  for (const topic of topics)
    await change(cluster, { type: 'topic', name: topic }, topicReplicas.map(unset))
}

const brokersOf = (moves: readonly Move[]) =>
  new Set(moves.flatMap(({ before, replicas }) => [...before, ...replicas]))

const set = (name: string, value: string): ConfigChange => ({ name, operation: 'set', value })
const unset = (name: string): ConfigChange => ({ name, operation: 'delete', value: null })

async function change(
  cluster: Cluster,
  resource: Resource,
  changes: readonly ConfigChange[],
): Promise<void> {
  const { error } = await alterConfigs(cluster, resource, changes)
  if (error) throw error
}
