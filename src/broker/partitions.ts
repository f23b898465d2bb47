/** The partitions of this broker, kept as the cluster's metadata says. */
import type { MessageOf } from '../../protocol/coordinator/messages.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { type PartitionImage, resourceTypes, type TopicImage } from '../core/cluster/image.ts'
import type { ImageChange, PartitionChange } from '../core/cluster/image-change.ts'
import { isInternalTopic } from '../core/cluster/internal-topics.ts'
import type { Log } from '../log/log.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { Broker } from './broker.ts'
import { cleanerOptions } from './config/cleaner-options.ts'
import { Partition } from './partition.ts'
import { TimeSlice } from './time-slice.ts'
import { type WaitList, wakeAll } from './waiting.ts'

/** What could not be made, for want of room or of descriptors, is tried again. */
const openAgainMs = 500
/** Logs that are made without a pause take no longer than this: less than a lease may do without renewal. */
const atOnceMs = 200

export class Partitions {
  readonly #broker: Broker
  readonly #byId = new Map<string, Map<number, Partition>>()
  /** The same, by the name of the topic: of the one that has it now. */
  readonly #byTopic = new Map<string, Map<number, Partition>>()
  /** Of all topics; undefined while it has to be made anew. */
  #all: readonly Partition[] | undefined
  /** Of topics with partitions here; all of a topic share one. Empty after a change. */
  readonly #logConfigs = new Map<string, LogConfig>()
  #mayMissLogs = false
  /** Partitions whose log could not be made. */
  readonly #unopened = new Set<string>()
  /** New replicas whose turn is still to come: from when on each may be served. */
  readonly #unmade = new Map<string, { topicId: string; index: number; serveFromMs: number }>()
  #isMaking = false
  /** From then on new replicas have to wait for their turn. */
  #atOnceUntilMs = Infinity

  constructor(broker: Broker) {
    this.#broker = broker
  }

  get(topic: string, index: number): Partition | undefined {
    return this.#byTopic.get(topic)?.get(index)
  }

  all(): readonly Partition[] {
    this.#all ??= [...this.#byId.values()].flatMap((partitions) => [...partitions.values()])
    return this.#all
  }

  /** The partition, or the error that tells a client what is wrong with its question. */
  find(topic: string, index: number): Partition | number {
    const partition = this.get(topic, index)
    if (partition !== undefined) return partition
    const known = this.#broker.image.topic(topic)?.partitions[index] !== undefined
    return known ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** Every partition of the image that this broker has a replica of. */
  load(): void {
    this.#removeStrays()
    // What is not in the directories that can be read may be in one that cannot: an empty log in its
    // place could be elected.
    const { logs } = this.#broker
    this.#mayMissLogs = logs.directories.some(({ disk }) => disk.failure !== undefined)
    this.#configureCleaner()
    this.#logConfigs.clear()
    for (const topic of this.#broker.image.topics())
      for (const after of topic.partitions)
        this.#change({ topic, before: undefined, after, serveAfterMs: 0 })
    this.#mayMissLogs = false
  }

  /**
   * Logs of topics that were deleted, or replicas moved away, while this broker was down. One that lost its topic's id with
   * the power may be of a topic that had the name before: where others have all that is committed, it is copied again.
   */
  #removeStrays(): void {
    const { env, logs, image, nodeId } = this.#broker
    for (const log of [...logs.logs()]) {
      const topic = image.topic(log.topic)
      const partition = topic?.partitions[log.partition]
      const complete = [...(partition?.isr ?? []), ...(partition?.elr ?? [])]
      const isNeeded = complete.length === 0 || complete.includes(nodeId)
      const same = log.topicId === undefined ? isNeeded : log.topicId === topic?.topicId
      if (same && partition?.replicas.includes(nodeId)) continue
      env.log.warn('A log is removed: the cluster has no such replica here any more', {
        partition: log.name,
        topicId: log.topicId,
      })
      this.#delete(log.topic, log.partition)
    }
  }

  /** What the coordinator asks before an unclean election. */
  logEnds(asked: MessageOf<'askLogEnds'>['items']): MessageOf<'logEnds'>['items'] {
    return asked.flatMap(({ topicId, partition }) => {
      const log = this.#byId.get(topicId)?.get(partition)?.log
      if (log === undefined || log.disk.failure !== undefined) return []
      const { logEndOffset, leaderEpochs } = log
      return [{ topicId, partition, leaderEpoch: leaderEpochs.latest, endOffset: logEndOffset }]
    })
  }

  /** A disk failed, a broker went: who waits for it is told. */
  wakeAll(): void {
    wakeAll(this.all().map(({ waiting }) => waiting))
  }

  apply(change: ImageChange): void {
    this.#atOnceUntilMs = this.#broker.env.clock.monotonicMs() + atOnceMs
    if (change.configs.length > 0) this.#logConfigs.clear()
    for (const { topicId } of change.deletedTopics) this.#removeTopic(topicId)
    for (const each of change.partitions) this.#change(each)
    if (this.#unmade.size > 0 && !this.#isMaking) void this.#makeRest()
    if (change.brokersChanged) this.wakeAll()
    else wakeAll(change.partitions.flatMap((each) => this.#waitingFor(each)))
    for (const { resourceType, resourceName } of change.configs) {
      if (resourceType === resourceTypes.topic) this.#configure(resourceName)
      else if (resourceType === resourceTypes.broker) this.#configureAll()
    }
  }

  #waitingFor({ topic, after }: PartitionChange): WaitList[] {
    const partition = this.#byId.get(topic.topicId)?.get(after.partition)
    return partition === undefined ? [] : [partition.waiting]
  }

  #change({ topic, after, serveAfterMs }: PartitionChange): void {
    const { nodeId } = this.#broker
    let partition = this.#byId.get(topic.topicId)?.get(after.partition)
    if (!after.replicas.includes(nodeId)) {
      if (partition !== undefined) this.#remove(partition)
      return
    }
    if (partition === undefined) {
      if (this.#isForLater(topic, after, serveAfterMs)) return
      partition = this.#make(topic, after)
    }
    partition.become(after, serveAfterMs)
  }

  #make({ name, topicId }: TopicImage, image: PartitionImage): Partition {
    const log = this.#openLog(name, topicId, image.partition)
    const partition = new Partition(this.#broker, name, image, log)
    const partitions = this.#byId.get(topicId) ?? new Map<number, Partition>()
    partitions.set(image.partition, partition)
    this.#byId.set(topicId, partitions)
    this.#byTopic.set(name, partitions)
    this.#all = undefined
    return partition
  }

  /** Thousands of logs take longer than a lease. Groups look at once whether they have theirs. */
  #isForLater({ name, topicId }: TopicImage, after: PartitionImage, serveAfterMs: number): boolean {
    const index = after.partition
    const key = `${topicId}/${index}`
    const nowMs = this.#broker.env.clock.monotonicMs()
    const waiting = this.#unmade.get(key)
    if (waiting === undefined && (nowMs < this.#atOnceUntilMs || isInternalTopic(name)))
      return false
    const serveFromMs = Math.max(waiting?.serveFromMs ?? 0, nowMs + serveAfterMs)
    this.#unmade.set(key, { topicId, index, serveFromMs })
    return true
  }

  /** With what has been decided of them by then. Who asks for one before is told that it is not led here. */
  async #makeRest(): Promise<void> {
    const { env, image, nodeId, session } = this.#broker
    this.#isMaking = true
    const slice = new TimeSlice(env)
    await slice.next()
    for (const key of this.#unmade.keys()) {
      if (slice.isOver) await slice.next()
      if (session.closed) break
      const { topicId, index, serveFromMs } = this.#unmade.get(key)!
      this.#unmade.delete(key)
      const topic = image.topicById(topicId)
      const after = topic?.partitions[index]
      if (topic === undefined || !after?.replicas.includes(nodeId)) continue
      const serveAfterMs = Math.max(0, serveFromMs - env.clock.monotonicMs())
      this.#make(topic, after).become(after, serveAfterMs)
    }
    this.#isMaking = false
  }

  #openLog(topic: string, topicId: string, index: number): Log | undefined {
    const { logs } = this.#broker
    if (this.#mayMissLogs && logs.get(topic, index) === undefined) return undefined
    try {
      const config = this.#logConfig(topic)
      const log = logs.create(topic, index, topicId, config)
      log.updateConfig(config)
      return log
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#broker.env.log.error('A log could not be opened', {
        partition: `${topic}-${index}`,
        reason,
      })
      if (logs.directories.some(({ disk }) => disk.failure === undefined))
        this.#openAgain(`${topicId}/${index}`)
      return undefined
    }
  }

  #logConfig(topic: string): LogConfig {
    const known = this.#logConfigs.get(topic)
    if (known !== undefined) return known
    const config = this.#broker.topicLogConfig(topic)
    this.#logConfigs.set(topic, config)
    return config
  }

  #openAgain(key: string): void {
    this.#unopened.add(key)
    if (this.#unopened.size > 1) return
    this.#broker.env.timers.after(openAgainMs, () => {
      const keys = new Set(this.#unopened)
      this.#unopened.clear()
      if (this.#broker.session.closed) return
      for (const partition of this.all()) {
        const { topic, topicId, index } = partition
        if (partition.log !== undefined || !keys.has(`${topicId}/${index}`)) continue
        const log = this.#openLog(topic, topicId, index)
        if (log !== undefined) partition.opened(log)
      }
    })
  }

  #removeTopic(topicId: string): void {
    for (const partition of [...(this.#byId.get(topicId)?.values() ?? [])]) this.#remove(partition)
  }

  #remove(partition: Partition): void {
    const { topic, topicId, index } = partition
    const partitions = this.#byId.get(topicId)
    partitions?.delete(index)
    if (partitions?.size === 0) {
      this.#byId.delete(topicId)
      if (this.#byTopic.get(topic) === partitions) {
        this.#byTopic.delete(topic)
        this.#logConfigs.delete(topic)
      }
    }
    this.#all = undefined
    const { log } = partition
    partition.remove()
    if (log !== undefined) this.#delete(topic, index)
  }

  #delete(topic: string, index: number): void {
    try {
      this.#broker.logs.delete(topic, index)
    } catch {
      // Its directory is offline now, and has said so. The rest of the metadata is not about it.
    }
  }

  #configure(topic: string): void {
    const config = this.#logConfig(topic)
    for (const { log } of this.#byTopic.get(topic)?.values() ?? []) log?.updateConfig(config)
  }

  #configureCleaner(): void {
    const { logs, effective } = this.#broker
    logs.cleaner.updateOptions(cleanerOptions(effective))
  }

  #configureAll(): void {
    this.#configureCleaner()
    for (const topic of this.#byTopic.keys()) this.#configure(topic)
  }
}
