/** What a client knows about topics and brokers, as the brokers told it last. */
import type { Metadata } from '../../protocol/messages/metadata.ts'
import type { IncomingResponseOf } from '../../protocol/schema.ts'
import { zeroUuid } from './zero-uuid.ts'

export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionInfo {
  readonly partition: number
  readonly errorCode: number
  /** -1 when there is none. */
  leader: number
  leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
}

export interface TopicInfo {
  readonly name: string
  /** Undefined at brokers older than 2.8. */
  readonly topicId: string | undefined
  readonly errorCode: number
  readonly isInternal: boolean
  /** In the order of their number, without gaps unless the broker left some out. */
  readonly partitions: readonly PartitionInfo[]
  readonly learnedMs: number
}

export class MetadataCache {
  brokers: ReadonlyMap<number, BrokerAddress> = new Map()
  controllerId = -1
  clusterId: string | null = null
  readonly topics = new Map<string, TopicInfo>()

  /** Takes an answer in; `everyTopic` when it was asked for all, so that missing ones are gone. */
  update(
    answer: IncomingResponseOf<typeof Metadata>,
    everyTopic: boolean,
    nowMs: number,
  ): TopicInfo[] {
    this.brokers = new Map(answer.brokers.map((broker) => [broker.nodeId, broker]))
    this.controllerId = answer.controllerId
    this.clusterId = answer.clusterId
    if (everyTopic) this.topics.clear()
    const topics = answer.topics.map((topic) => ({
      name: topic.name ?? '',
      topicId: topic.topicId === zeroUuid ? undefined : topic.topicId,
      errorCode: topic.errorCode,
      isInternal: topic.isInternal,
      learnedMs: nowMs,
      partitions: topic.partitions
        .map((partition) => ({
          partition: partition.partitionIndex,
          errorCode: partition.errorCode,
          leader: partition.leaderId,
          leaderEpoch: partition.leaderEpoch,
          replicas: partition.replicaNodes,
          isr: partition.isrNodes,
          offlineReplicas: partition.offlineReplicas,
        }))
        .sort((a, b) => a.partition - b.partition),
    }))
    for (const topic of topics) {
      if (topic.errorCode === 0) this.topics.set(topic.name, this.#keepNewerEpochs(topic))
      else this.topics.delete(topic.name)
    }
    return topics
  }

  /** A broker that lags may tell an older leader than we know: Kafka's clients keep the newer (KIP-320). */
  #keepNewerEpochs(topic: TopicInfo): TopicInfo {
    const known = this.topics.get(topic.name)
    if (known === undefined || known.topicId !== topic.topicId) return topic
    for (const partition of topic.partitions) {
      const before = known.partitions.find((other) => other.partition === partition.partition)
      if (before && before.leaderEpoch > partition.leaderEpoch) {
        partition.leader = before.leader
        partition.leaderEpoch = before.leaderEpoch
      }
    }
    return topic
  }

  partition(topic: string, partition: number): PartitionInfo | undefined {
    const info = this.topics.get(topic)
    const direct = info?.partitions[partition]
    if (direct?.partition === partition) return direct
    return info?.partitions.find((other) => other.partition === partition)
  }

  /** A leader that an answer of Produce or Fetch names (KIP-951). True when it is news. */
  learnLeader(topic: string, partition: number, leader: number, leaderEpoch: number): boolean {
    const info = this.partition(topic, partition)
    if (info === undefined || leader < 0 || leaderEpoch <= info.leaderEpoch) return false
    info.leader = leader
    info.leaderEpoch = leaderEpoch
    return true
  }

  /** Addresses that come with such a leader. */
  learnBrokers(endpoints: readonly BrokerAddress[]): void {
    if (endpoints.length === 0) return
    this.brokers = new Map([
      ...this.brokers,
      ...endpoints.map((endpoint) => [endpoint.nodeId, endpoint] as const),
    ])
  }
}
