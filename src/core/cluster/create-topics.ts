/** CreateTopics (behaviours ): names, counts, assignments, configurations. */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { repeated } from '../repeated.ts'
import type { ConfigRules } from './config-rules.ts'
import { type Fault, fault, isFault } from './fault.ts'
import { type BrokerImage, type ClusterImage, type PartitionImage, resourceTypes } from './image.ts'
import { placeReplicas } from './placement.ts'
import { assignmentFault, newPartition } from './replica-assignment.ts'
import { collisionKey, topicNameFault } from './topic-name.ts'

/** What chance and the sender add to a request. */
export interface Circumstances {
  /** For requests that say -1: num.partitions and default.replication.factor. */
  readonly defaultPartitions: number
  readonly defaultReplicationFactor: number
  /** One unused id for each new topic. */
  readonly topicIds: readonly string[]
  /** Where placement starts. */
  readonly draw: number
}

/** Kafka's own limit on what one request may make. */
export const partitionsPerRequestMax = 10_000
const zeroUuid = 'A'.repeat(22)

type Request = RequestOf<typeof CreateTopics>
type Asked = Request['topics'][number]
type Result = NonNullable<ResponseOf<typeof CreateTopics>['topics']>[number]

export function createTopics(
  image: ClusterImage,
  rules: ConfigRules,
  request: Request,
  circumstances: Circumstances,
): Decision<ResponseOf<typeof CreateTopics>, ClusterRecord> {
  const records: ClusterRecord[] = []
  const results: Result[] = []
  const twice = repeated(request.topics.map(({ name }) => name))
  const told = new Set<string>()
  const names = new Map<string, string>()
  for (const topic of image.topics()) names.set(collisionKey(topic.name), topic.name)
  const asked = request.topics.map((topic) => partitionsAsked(topic, circumstances))
  const answers = describedOnce(rules)
  const excessive = asked.reduce((sum, count) => sum + count, 0) > partitionsPerRequestMax
  for (const [i, topic] of [...request.topics].entries()) {
    const { name } = topic
    if (twice.has(name)) {
      if (!told.has(name))
        results.push(refused(name, fault(errors.INVALID_REQUEST, 'Duplicate topic name.')))
      told.add(name)
      continue
    }
    const wrong = excessive
      ? fault(errors.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
      : nameFault(image, name, names)
    const created =
      wrong ?? createTopic(image, answers, topic, circumstances, circumstances.topicIds[i] ?? '')
    if (isFault(created)) {
      results.push(refused(name, created))
      continue
    }
    names.set(collisionKey(name), name)
    results.push(created.result)
    if (!request.validateOnly) records.push(...created.records)
  }
  return { records, reply: { topics: results } }
}

/** Of thousands of topics in one request most have the same configurations, and telling them takes long. */
function describedOnce(rules: ConfigRules): ConfigRules {
  const described = new Map<string, ReturnType<ConfigRules['topicConfigs']>>()
  return {
    ...rules,
    topicConfigs(overrides) {
      const key = JSON.stringify([...overrides])
      const known = described.get(key) ?? rules.topicConfigs(overrides)
      described.set(key, known)
      return known
    },
  }
}

function partitionsAsked(topic: Asked, { defaultPartitions }: Circumstances): number {
  if (topic.assignments.length > 0) return topic.assignments.length
  return Math.max(0, topic.numPartitions === -1 ? defaultPartitions : topic.numPartitions)
}

function refused(name: string, { errorCode, errorMessage }: Fault): Result {
  return {
    name,
    topicId: zeroUuid,
    errorCode,
    errorMessage,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
}

function nameFault(
  image: ClusterImage,
  name: string,
  names: ReadonlyMap<string, string>,
): Fault | undefined {
  if (name === '__cluster_metadata')
    return fault(
      errors.INVALID_REQUEST,
      'Creation of internal topic __cluster_metadata is prohibited.',
    )
  const invalid = topicNameFault(name)
  if (invalid !== undefined) return fault(errors.INVALID_TOPIC_EXCEPTION, invalid)
  if (image.topic(name) !== undefined)
    return fault(errors.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
  const other = names.get(collisionKey(name))
  if (other !== undefined)
    return fault(
      errors.INVALID_TOPIC_EXCEPTION,
      `Topic '${name}' collides with existing topic: ${other}`,
    )
  return undefined
}

function createTopic(
  image: ClusterImage,
  rules: ConfigRules,
  topic: Asked,
  circumstances: Circumstances,
  topicId: string,
): Fault | { records: ClusterRecord[]; result: Result } {
  const configs = new Map<string, string>()
  for (const { name, value } of topic.configs) {
    if (value === null)
      return fault(errors.INVALID_CONFIG, `Null value not supported for topic configs: ${name}`)
    configs.set(name, value)
  }
  const configFault = rules.fault(resourceTypes.topic, topic.name, configs)
  if (configFault !== undefined) return fault(errors.INVALID_CONFIG, configFault)
  const replicas = replicasOf(image, topic, circumstances)
  if (isFault(replicas)) return replicas
  const partitions: PartitionImage[] = []
  for (const [partition, ids] of replicas.entries()) {
    const created = newPartition(image, topicId, partition, ids)
    if (isFault(created)) return created
    partitions.push(created)
  }
  const { name } = topic
  return {
    records: [
      { kind: 'topic', topicId, name },
      ...partitions,
      ...[...configs].map(
        ([key, value]) =>
          ({ kind: 'config', resourceType: 2, resourceName: name, name: key, value }) as const,
      ),
    ],
    result: {
      name,
      topicId,
      errorCode: 0,
      errorMessage: null,
      numPartitions: partitions.length,
      replicationFactor: replicas[0]?.length ?? 0,
      configs: rules.topicConfigs(configs),
    },
  }
}

function replicasOf(
  image: ClusterImage,
  topic: Asked,
  { defaultPartitions, defaultReplicationFactor, draw }: Circumstances,
): Fault | number[][] {
  if (topic.assignments.length > 0) return assignedReplicas(image, topic)
  if (topic.replicationFactor === 0 || topic.replicationFactor < -1)
    return fault(
      errors.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  if (topic.numPartitions === 0 || topic.numPartitions < -1)
    return fault(
      errors.INVALID_PARTITIONS,
      'Number of partitions was set to an invalid non-positive value.',
    )
  const count = topic.numPartitions === -1 ? defaultPartitions : topic.numPartitions
  const factor = topic.replicationFactor === -1 ? defaultReplicationFactor : topic.replicationFactor
  const placed = place(image, count, factor, draw)
  if (!isFault(placed)) return placed
  const { errorCode, errorMessage } = placed
  const what = `Unable to replicate the partition ${factor} time(s)`
  return { errorCode, errorMessage: `${what}: ${errorMessage}` }
}

/**
 * Onto brokers that are active now, and where those are too few onto others that are registered, as Kafka's
 * StripedReplicaPlacer does: they come into the ISR when they are back. A fault when even so there are too few.
 */
export function place(
  image: ClusterImage,
  count: number,
  replicationFactor: number,
  draw: number,
  first = 0,
): Fault | number[][] {
  const usable = [...image.brokers.values()].filter(
    (broker) => !broker.draining && !isCordoned(broker),
  )
  const active = usable.filter(({ fenced }) => !fenced)
  const away = usable.filter(({ fenced }) => fenced)
  const refused = (why: string) => fault(errors.INVALID_REPLICATION_FACTOR, why)
  if (active.length === 0)
    return refused('All brokers are currently fenced, or have all their log directories cordoned.')
  if (usable.length < replicationFactor)
    return refused(
      `The target replication factor of ${replicationFactor} cannot be reached because only ${usable.length} broker(s) are registered or some brokers have all their log directories cordoned.`,
    )
  const near = Math.min(replicationFactor, active.length)
  return placeReplicas(active, count, near, draw, first).map((replicas, i) => {
    const rest = Array.from(
      { length: replicationFactor - near },
      (_, at) => away[(draw + first + i + at) % away.length]!.brokerId,
    )
    return [...replicas, ...rest]
  })
}

/** Whether a broker takes no new replicas in any directory (KIP-1066). */
function isCordoned({ logDirs, cordonedLogDirs }: BrokerImage): boolean {
  return logDirs.length > 0 && logDirs.every((id) => cordonedLogDirs.includes(id))
}

function assignedReplicas(image: ClusterImage, topic: Asked): Fault | number[][] {
  const given = (what: string) =>
    fault(
      errors.INVALID_REQUEST,
      `A manual partition assignment was specified, but ${what} was not set to -1.`,
    )
  if (topic.replicationFactor !== -1) return given('replication factor')
  if (topic.numPartitions !== -1) return given('numPartitions')
  const replicas: number[][] = []
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (replicas[partitionIndex] !== undefined)
      return fault(
        errors.INVALID_REPLICA_ASSIGNMENT,
        `Found multiple manual partition assignments for partition ${partitionIndex}`,
      )
    const wrong = assignmentFault(image, brokerIds, replicas.find((ids) => ids)?.length)
    if (wrong !== undefined) return wrong
    replicas[partitionIndex] = brokerIds
  }
  for (let partition = 0; partition < topic.assignments.length; partition++)
    if (replicas[partition] === undefined)
      return fault(
        errors.INVALID_REPLICA_ASSIGNMENT,
        'partitions should be a consecutive 0-based integer sequence',
      )
  return replicas
}
