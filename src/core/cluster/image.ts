/**
 * The metadata of the cluster at one revision: brokers, topics, partitions, configurations.
 *
 * The coordinator keeps the authoritative one, every broker a copy, and both change it by `apply`
 * alone. Brokers, partitions and the records they are made of are never changed in place: whoever
 * holds one holds the state at the time it looked.
 */
import type { ClusterRecord, RecordOf } from '../../../protocol/coordinator/record.ts'
import { SharedLists } from './shared-lists.ts'

export type BrokerImage = RecordOf<'broker'>
export type PartitionImage = RecordOf<'partition'>
export type ScramCredential = RecordOf<'scram'>
export type QuotaEntity = RecordOf<'clientQuota'>['entity']

export interface TopicImage {
  readonly name: string
  readonly topicId: string
  /** By partition number. Entries are replaced when a partition changes. */
  readonly partitions: readonly PartitionImage[]
}

export interface ClientQuota {
  readonly entity: QuotaEntity
  readonly values: ReadonlyMap<string, number>
}

/** Kafka's numbers for kinds of resources that have configurations. */
export const resourceTypes = { topic: 2, broker: 4, clientMetrics: 16, group: 32 } as const

const noConfigs: ReadonlyMap<string, string> = new Map()

export class ClusterImage {
  /** Records that led here, counted over the life of the cluster. Set by who applies them. */
  revision = 0
  clusterId = ''
  maxLeaseMs = 0
  lastBrokerEpoch = 0
  nextProducerId = 0
  /** Broker epochs up to this one are from before the metadata was rebuilt; 0 when it never was. */
  rebuiltEpoch = 0
  readonly brokers = new Map<number, BrokerImage>()
  /** Finalized feature levels. */
  readonly features = new Map<string, number>()
  readonly staticConfigs = new Map<string, string>()
  readonly scramCredentials = new Map<string, ScramCredential>()
  readonly #lists = new SharedLists()
  readonly #topicsByName = new Map<string, TopicImage>()
  readonly #topicsById = new Map<string, TopicImage>()
  readonly #configs = new Map<string, Map<string, string>>()
  readonly #quotas = new Map<string, { entity: QuotaEntity; values: Map<string, number> }>()

  static from(records: Iterable<ClusterRecord>, revision = 0): ClusterImage {
    const image = new ClusterImage()
    for (const record of records) image.apply(record)
    image.revision = revision
    return image
  }

  topic(name: string): TopicImage | undefined {
    return this.#topicsByName.get(name)
  }

  topicById(topicId: string): TopicImage | undefined {
    return this.#topicsById.get(topicId)
  }

  partition(topicId: string, partition: number): PartitionImage | undefined {
    return this.#topicsById.get(topicId)?.partitions[partition]
  }

  topics(): IterableIterator<TopicImage> {
    return this.#topicsByName.values()
  }

  get topicCount(): number {
    return this.#topicsByName.size
  }

  /** The overrides of one resource; `resourceName` '' with `resourceTypes.broker` is the cluster's default. */
  configs(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.get(`${resourceType}/${resourceName}`) ?? noConfigs
  }

  /** Names of the resources of a type that have overrides. */
  configuredResources(resourceType: number): string[] {
    const prefix = `${resourceType}/`
    return [...this.#configs.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
  }

  /**
   * The value on which coordinator and leader must agree: topic override, else the cluster's dynamic
   * default, else the coordinator's own configuration.
   */
  sharedTopicConfig(topic: string, name: string): string | undefined {
    return (
      this.configs(resourceTypes.topic, topic).get(name) ??
      this.configs(resourceTypes.broker, '').get(name) ??
      this.staticConfigs.get(name)
    )
  }

  /** Effective min.insync.replicas: never more than there are replicas. */
  minInsyncReplicas(topic: string, replicas: number): number {
    if (replicas <= 1) return 1 // Asked with each write.
    const value = Number(this.sharedTopicConfig(topic, 'min.insync.replicas') ?? 1)
    return Math.max(1, Math.min(value, replicas))
  }

  uncleanLeaderElection(topic: string): boolean {
    return this.sharedTopicConfig(topic, 'unclean.leader.election.enable') === 'true'
  }

  quotas(): Iterable<ClientQuota> {
    return this.#quotas.values()
  }

  /** May lead, may join an ISR, may be given replicas. */
  isActive(brokerId: number): boolean {
    const broker = this.brokers.get(brokerId)
    return broker !== undefined && !broker.fenced && !broker.draining
  }

  apply(record: ClusterRecord): void {
    switch (record.kind) {
      case 'cluster':
        this.clusterId = record.clusterId
        this.maxLeaseMs = record.maxLeaseMs
        return
      case 'counters':
        this.lastBrokerEpoch = Math.max(this.lastBrokerEpoch, record.lastBrokerEpoch)
        this.nextProducerId = Math.max(this.nextProducerId, record.nextProducerId)
        this.rebuiltEpoch = Math.max(this.rebuiltEpoch, record.rebuiltEpoch)
        return
      case 'broker':
        this.brokers.set(record.brokerId, record)
        this.lastBrokerEpoch = Math.max(this.lastBrokerEpoch, record.brokerEpoch)
        return
      case 'brokerState':
        this.#applyBrokerState(record)
        return
      case 'removeBroker':
        this.brokers.delete(record.brokerId)
        this.#configs.delete(`${resourceTypes.broker}/${record.brokerId}`)
        return
      case 'topic':
        this.#applyTopic(record)
        return
      case 'removeTopic':
        this.#removeTopic(record.topicId)
        return
      case 'partition':
        this.#applyPartition(record)
        return
      case 'config':
        this.#applyConfig(record)
        return
      case 'staticConfig':
        this.staticConfigs.set(record.name, record.value)
        return
      case 'feature':
        if (record.level === 0) this.features.delete(record.name)
        else this.features.set(record.name, record.level)
        return
      case 'producerIds':
        this.nextProducerId = Math.max(this.nextProducerId, record.nextProducerId)
        return
      case 'clientQuota':
        this.#applyQuota(record)
        return
      case 'scram':
        this.scramCredentials.set(`${record.mechanism}/${record.user}`, record)
        return
      case 'removeScram':
        this.scramCredentials.delete(`${record.mechanism}/${record.user}`)
        return
    }
  }

  /** Records that build this state from nothing, in an order in which each finds what it refers to. */
  *records(): Generator<ClusterRecord> {
    const { clusterId, maxLeaseMs, lastBrokerEpoch, nextProducerId, rebuiltEpoch } = this
    yield { kind: 'cluster', clusterId, maxLeaseMs }
    yield { kind: 'counters', lastBrokerEpoch, nextProducerId, rebuiltEpoch }
    for (const [name, level] of this.features) yield { kind: 'feature', name, level }
    for (const [name, value] of this.staticConfigs) yield { kind: 'staticConfig', name, value }
    yield* this.brokers.values()
    for (const topic of this.#topicsByName.values()) {
      yield { kind: 'topic', topicId: topic.topicId, name: topic.name }
      yield* topic.partitions
    }
    for (const [key, configs] of this.#configs) yield* configRecords(key, configs)
    for (const { entity, values } of this.#quotas.values())
      for (const [key, value] of values)
        yield { kind: 'clientQuota', entity, key, value, remove: false }
    yield* this.scramCredentials.values()
  }

  #applyBrokerState(record: RecordOf<'brokerState'>): void {
    const broker = this.brokers.get(record.brokerId)
    if (broker === undefined || broker.brokerEpoch !== record.brokerEpoch) return
    const { fenced, draining, cordonedLogDirs } = record
    const usedEpoch = fenced ? broker.usedEpoch : broker.brokerEpoch
    this.brokers.set(record.brokerId, { ...broker, fenced, draining, cordonedLogDirs, usedEpoch })
  }

  #applyTopic({ topicId, name }: RecordOf<'topic'>): void {
    const topic = { topicId, name, partitions: [] }
    this.#topicsById.set(topicId, topic)
    this.#topicsByName.set(name, topic)
  }

  #removeTopic(topicId: string): void {
    const topic = this.#topicsById.get(topicId)
    if (topic === undefined) return
    this.#topicsById.delete(topicId)
    this.#topicsByName.delete(topic.name)
    this.#configs.delete(`${resourceTypes.topic}/${topic.name}`)
  }

  #applyPartition(record: PartitionImage): void {
    const topic = this.#topicsById.get(record.topicId)
    // Partitions of a topic are written in order, so there is never a hole.
    if (topic === undefined || record.partition > topic.partitions.length)
      throw new Error(`Partition ${record.partition} of topic ${record.topicId} has no place`)
    const partitions = topic.partitions as PartitionImage[]
    partitions[record.partition] = this.#compact(record, topic.topicId)
  }

  /** The same state with all that it may share: it stays for as long as the partition. */
  #compact(record: PartitionImage, topicId: string): PartitionImage {
    return {
      kind: 'partition',
      topicId,
      partition: record.partition,
      replicas: this.#lists.of(record.replicas),
      isr: this.#lists.of(record.isr),
      elr: this.#lists.of(record.elr),
      lastKnownElr: this.#lists.of(record.lastKnownElr),
      addingReplicas: this.#lists.of(record.addingReplicas),
      removingReplicas: this.#lists.of(record.removingReplicas),
      leader: record.leader,
      leaderEpoch: record.leaderEpoch,
      leaderBrokerEpoch: record.leaderBrokerEpoch,
      partitionEpoch: record.partitionEpoch,
      unclean: record.unclean,
      uncleanEpoch: record.uncleanEpoch,
    }
  }

  #applyConfig({ resourceType, resourceName, name, value }: RecordOf<'config'>): void {
    const key = `${resourceType}/${resourceName}`
    const configs = this.#configs.get(key) ?? new Map<string, string>()
    if (value === null) configs.delete(name)
    else configs.set(name, value)
    if (configs.size === 0) this.#configs.delete(key)
    else this.#configs.set(key, configs)
  }

  #applyQuota({ entity, key, value, remove }: RecordOf<'clientQuota'>): void {
    const id = quotaKey(entity)
    const quota = this.#quotas.get(id) ?? { entity, values: new Map<string, number>() }
    if (remove) quota.values.delete(key)
    else quota.values.set(key, value)
    if (quota.values.size === 0) this.#quotas.delete(id)
    else this.#quotas.set(id, quota)
  }
}

/** One text for an entity, whatever the order of its parts. */
export function quotaKey(entity: QuotaEntity): string {
  return JSON.stringify(
    entity.map((part) => [part.entityType, part.entityName]).sort((a, b) => (a < b ? -1 : 1)),
  )
}

function* configRecords(
  key: string,
  configs: ReadonlyMap<string, string>,
): Generator<RecordOf<'config'>> {
  const slash = key.indexOf('/')
  const resourceType = Number(key.slice(0, slash))
  const resourceName = key.slice(slash + 1)
  for (const [name, value] of configs)
    yield { kind: 'config', resourceType, resourceName, name, value }
}
