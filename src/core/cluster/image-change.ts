/**
 * What a step from one revision to the next means to a broker: which partitions, topics and
 * configurations are not as they were.
 */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { type ClusterImage, type PartitionImage, quotaKey, type TopicImage } from './image.ts'

export interface PartitionChange {
  readonly topic: TopicImage
  /** Undefined for a partition that did not exist here before. */
  readonly before: PartitionImage | undefined
  readonly after: PartitionImage
  /** How long, from now on, a new leader must hold its answers back: its predecessor may still hold a lease. */
  readonly serveAfterMs: number
}

export interface ImageChange {
  readonly revision: number
  /** The last state of each partition that changed. */
  readonly partitions: readonly PartitionChange[]
  readonly deletedTopics: readonly TopicImage[]
  /** Resources whose overrides changed (types: `resourceTypes`). */
  readonly configs: readonly { resourceType: number; resourceName: string }[]
  readonly brokersChanged: boolean
  readonly quotasChanged: boolean
  readonly scramChanged: boolean
  readonly featuresChanged: boolean
}

/** Applies the records and tells the difference. */
export function applyAll(
  image: ClusterImage,
  records: Iterable<ClusterRecord>,
  revision: number,
  serveAfterMs: (partition: PartitionImage) => number = () => 0,
): ImageChange {
  const partitions = new Map<string, PartitionChange>()
  const deleted = new Map<string, TopicImage>()
  const configs = new Map<string, { resourceType: number; resourceName: string }>()
  const kinds = new Set<ClusterRecord['kind']>()
  for (const record of records) {
    kinds.add(record.kind)
    if (record.kind === 'removeTopic') {
      const topic = image.topicById(record.topicId)
      if (topic) deleted.set(record.topicId, topic)
      for (const key of partitions.keys())
        if (key.startsWith(`${record.topicId}/`)) partitions.delete(key)
    }
    const before =
      record.kind === 'partition' ? image.partition(record.topicId, record.partition) : undefined
    image.apply(record)
    if (record.kind === 'partition') {
      const topic = image.topicById(record.topicId)
      if (topic === undefined) continue
      const key = `${record.topicId}/${record.partition}`
      const first = partitions.get(key)?.before ?? before
      const after = image.partition(record.topicId, record.partition)!
      partitions.set(key, { topic, before: first, after, serveAfterMs: serveAfterMs(after) })
    } else if (record.kind === 'config') {
      const { resourceType, resourceName } = record
      configs.set(`${resourceType}/${resourceName}`, { resourceType, resourceName })
    }
  }
  image.revision = revision
  return {
    revision,
    partitions: [...partitions.values()],
    deletedTopics: [...deleted.values()],
    configs: [...configs.values()],
    brokersChanged: ['broker', 'brokerState', 'removeBroker'].some((kind) =>
      kinds.has(kind as ClusterRecord['kind']),
    ),
    quotasChanged: kinds.has('clientQuota'),
    scramChanged: kinds.has('scram') || kinds.has('removeScram'),
    featuresChanged: kinds.has('feature'),
  }
}

/**
 * Records that take `from` to the state of `to`: a broker that was away gets a whole snapshot, and
 * jumps from what it knew to what is (it never replays what was between).
 */
export function* difference(from: ClusterImage, to: ClusterImage): Generator<ClusterRecord> {
  for (const topic of from.topics())
    if (to.topicById(topic.topicId) === undefined)
      yield { kind: 'removeTopic', topicId: topic.topicId }
  for (const brokerId of from.brokers.keys())
    if (!to.brokers.has(brokerId)) yield { kind: 'removeBroker', brokerId }
  for (const name of from.features.keys())
    if (!to.features.has(name)) yield { kind: 'feature', name, level: 0 }
  for (const { user, mechanism } of from.scramCredentials.values())
    if (!to.scramCredentials.has(`${mechanism}/${user}`))
      yield { kind: 'removeScram', user, mechanism }
  yield* removedQuotas(from, to)
  const known = new Map<string, string>()
  for (const record of from.records()) known.set(key(record), JSON.stringify(record))
  for (const record of to.records()) {
    if (known.get(key(record)) !== JSON.stringify(record)) yield record
    if (record.kind === 'config') known.delete(key(record))
  }
  // What is left of the old overrides of resources that live on has no successor.
  for (const record of from.records())
    if (record.kind === 'config' && known.has(key(record)))
      if (record.resourceType !== 2 || to.topic(record.resourceName) !== undefined)
        yield { ...record, value: null }
}

function* removedQuotas(from: ClusterImage, to: ClusterImage): Generator<ClusterRecord> {
  const kept = new Map([...to.quotas()].map((quota) => [quotaKey(quota.entity), quota.values]))
  for (const { entity, values } of from.quotas())
    for (const [name, value] of values)
      if (!kept.get(quotaKey(entity))?.has(name))
        yield { kind: 'clientQuota', entity, key: name, value, remove: true }
}

/** What a record is about: two records with one key replace each other. */
function key(record: ClusterRecord): string {
  switch (record.kind) {
    case 'broker':
      return `broker/${record.brokerId}`
    case 'topic':
      return `topic/${record.topicId}`
    case 'partition':
      return `partition/${record.topicId}/${record.partition}`
    case 'config':
      return `config/${record.resourceType}/${record.resourceName}/${record.name}`
    case 'staticConfig':
    case 'feature':
      return `${record.kind}/${record.name}`
    case 'clientQuota':
      return `quota/${quotaKey(record.entity)}/${record.key}`
    case 'scram':
      return `scram/${record.mechanism}/${record.user}`
    default:
      return record.kind
  }
}
