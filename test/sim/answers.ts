/**
 * What clients are told, looked at when it leaves the broker.
 *
 * S7 only who may answer answers · S3 what is acknowledged with acks=all is committed · S4 the end that
 * clients are shown never goes back: nobody is shown less than was shown or acknowledged before the
 * request began (linearizable reads at the leader).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { Partition } from '../../src/broker/partition.ts'
import type { SimCluster } from './cluster.ts'
import { type Invariants, keyOf } from './invariants.ts'
import type { Asked, TapListener } from './tap.ts'
import type { World } from './world.ts'

const latest = -1

export class Answers implements TapListener {
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #invariants: Invariants
  /** The highest end that a client was shown, or that an acknowledgement implied. */
  readonly #shown = new Map<string, number>()
  acknowledged = 0
  reads = 0

  constructor(world: World, cluster: SimCluster, invariants: Invariants) {
    this.#world = world
    this.#cluster = cluster
    this.#invariants = invariants
  }

  asked(asked: Asked): void {
    if (asked.api === Fetch || asked.api === ListOffsets) asked.note = new Map(this.#shown)
  }

  answered(asked: Asked, response: any): void {
    const { api, request } = asked
    if (api === Produce) this.#produced(asked, response)
    else if (api === Fetch && (request.replicaState?.replicaId ?? request.replicaId) < 0)
      this.#fetched(asked, response)
    else if (api === ListOffsets && request.replicaId < 0) this.#listed(asked, response)
  }

  #produced(asked: Asked, response: any): void {
    for (const { name, topicId, partitionResponses } of response.responses)
      for (const { index, errorCode, baseOffset } of partitionResponses) {
        const partition = this.#partition(asked.to, name, topicId, index)
        if (errorCode !== ErrorCode.NONE || partition === undefined) continue
        this.acknowledged++
        // What is committed may be said by anybody: an answer waits for those before it.
        if (asked.request.acks !== -1) this.#mayAnswer(asked, partition)
        else this.#acknowledged(asked, partition, baseOffset)
      }
  }

  #acknowledged(asked: Asked, partition: Partition, baseOffset: number): void {
    const key = keyOf(partition)
    this.#invariants.look(this.#cluster.member(asked.to))
    const { endOffset } = this.#invariants.ledger(partition.topicId, partition.index)
    if (endOffset <= baseOffset && !this.#invariants.excused.has(key))
      this.#fail('S3', asked, partition, `acknowledges ${baseOffset}, committed is ${endOffset}`)
    // What exactly was acknowledged, the histories of the clients check.
    this.#shown.set(key, Math.max(this.#shown.get(key) ?? 0, baseOffset + 1))
  }

  #fetched(asked: Asked, response: any): void {
    for (const { topic, topicId, partitions } of response.responses)
      for (const { partitionIndex, errorCode, highWatermark } of partitions) {
        const partition = this.#partition(asked.to, topic, topicId, partitionIndex)
        if (errorCode !== ErrorCode.NONE || partition === undefined) continue
        // A follower serves consumers that ask it (KIP-392), with what it knows.
        if (partition.role === 'follower') continue
        this.#mayAnswer(asked, partition)
        this.#read(asked, partition, highWatermark)
      }
  }

  #listed(asked: Asked, response: any): void {
    for (const { name, partitions } of response.topics)
      for (const { partitionIndex, errorCode, offset } of partitions) {
        const partition = this.#partition(asked.to, name, undefined, partitionIndex)
        if (errorCode !== ErrorCode.NONE || partition === undefined) continue
        this.#mayAnswer(asked, partition)
        const question = asked.request.topics
          .find((topic: any) => topic.name === name)
          ?.partitions.find((each: any) => each.partitionIndex === partitionIndex)
        if (question?.timestamp === latest) this.#read(asked, partition, offset)
      }
  }

  #read(asked: Asked, partition: Partition, end: number): void {
    this.reads++
    const key = keyOf(partition)
    const before = (asked.note as Map<string, number>).get(key) ?? 0
    if (end < before && !this.#invariants.excused.has(key))
      this.#fail('S4', asked, partition, `shows the end ${end}, but ${before} was shown before`)
    this.#shown.set(key, Math.max(this.#shown.get(key) ?? 0, end))
  }

  #mayAnswer(asked: Asked, partition: Partition): void {
    if (!partition.mayAnswer())
      this.#fail('S7', asked, partition, `answers as ${partition.role} without a valid lease`)
  }

  #fail(name: string, { api, to }: Asked, { topic, index }: Partition, what: string): void {
    this.#world.fail(`${name}: ${to} ${what} (${api.name} of ${topic}-${index})`)
  }

  #partition(
    host: string,
    name: string,
    topicId: string | undefined,
    index: number,
  ): Partition | undefined {
    const broker = this.#cluster.member(host).broker
    const topic = name || broker?.image.topicById(topicId ?? '')?.name
    return topic ? broker?.partitions.get(topic, index) : undefined
  }
}
