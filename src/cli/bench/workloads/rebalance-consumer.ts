import { performance } from 'node:perf_hooks'
import { ConsumerGroupHeartbeat } from '../../../../protocol/messages/consumer-group-heartbeat.ts'
import type { BrokerConnection } from '../../../client/connection.ts'
import { type Figures, perSecond } from '../bench-result.ts'
import {
  BenchError,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
} from '../bench-target.ts'
import { connectionsToCoordinator, isNotYetThere } from '../group-connections.ts'
import { workload } from '../workload.ts'

/** Both brokers compute at most one assignment in a second: a member joins when that is over. */
const intervalMs = 1_100
const convergeMsMax = 120_000

type Owned = ReadonlyMap<string, readonly number[]>
const nothing: Owned = new Map()

/** A member of the new protocol on a connection of its own, which does what it is told. */
class BenchMember {
  readonly #groupId: string
  readonly #topic: string
  readonly #memberId: string
  readonly #connection: BrokerConnection
  #epoch = 0
  #owned: Owned = nothing
  /** What it owns is to be told. */
  #changed = false

  constructor(groupId: string, topic: string, memberId: string, connection: BrokerConnection) {
    this.#groupId = groupId
    this.#topic = topic
    this.#memberId = memberId
    this.#connection = connection
  }

  get ownedCount(): number {
    let count = 0
    for (const partitions of this.#owned.values()) count += partitions.length
    return count
  }

  /** Joins, or tells that it is there, and takes what it is given. */
  async beat(): Promise<void> {
    const isJoin = this.#epoch === 0
    const tells = isJoin || this.#changed
    const owned = [...this.#owned].map(([topicId, partitions]) => ({ topicId, partitions }))
    const answer = await this.#send({
      memberEpoch: this.#epoch,
      rebalanceTimeoutMs: isJoin ? 60_000 : -1,
      subscribedTopicNames: isJoin ? [this.#topic] : null,
      topicPartitions: tells ? owned : null,
    })
    if (isJoin && isNotYetThere(answer.errorCode)) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return this.beat()
    }
    expectNoError(answer.errorCode, 'ConsumerGroupHeartbeat')
    this.#epoch = answer.memberEpoch
    this.#changed = answer.assignment !== null
    if (answer.assignment === null) return
    const given = answer.assignment.topicPartitions
    this.#owned = new Map(given.map(({ topicId, partitions }) => [topicId, partitions]))
  }

  async leave(): Promise<void> {
    const rest = { rebalanceTimeoutMs: -1, subscribedTopicNames: null, topicPartitions: null }
    const { errorCode } = await this.#send({ memberEpoch: -1, ...rest })
    expectNoError(errorCode, 'Leaving')
    this.#epoch = 0
    this.#owned = nothing
  }

  close(): void {
    this.#connection.close()
  }

  #send(request: {
    memberEpoch: number
    rebalanceTimeoutMs: number
    subscribedTopicNames: string[] | null
    topicPartitions: { topicId: string; partitions: readonly number[] }[] | null
  }) {
    const rest = { instanceId: null, rackId: null, serverAssignor: null }
    const who = { groupId: this.#groupId, memberId: this.#memberId }
    const body = { ...who, ...rest, ...request }
    return this.#connection.send(ConsumerGroupHeartbeat, body, { version: 0 })
  }
}

/** All beat, round after round, until every partition is held and nobody has more than its share. Returns the rounds. */
async function converge(members: readonly BenchMember[], partitions: number): Promise<number> {
  const most = Math.ceil(partitions / members.length)
  const isDone = () => {
    let held = 0
    for (const { ownedCount } of members) {
      if (ownedCount > most) return false
      held += ownedCount
    }
    return held === partitions
  }
  const untilMs = performance.now() + convergeMsMax
  let round = 0
  for (; !isDone(); round += 1) {
    if (performance.now() > untilMs)
      throw new BenchError(`The partitions are not shared out after ${convergeMsMax} ms`)
    await Promise.all(members.map((member) => member.beat()))
  }
  return round
}

export const rebalanceConsumer = workload({
  name: 'rebalance-consumer',
  description:
    'lets a member join a large group of the new protocol (KIP-848), until it has its share',
  defaults: { topic: 'bench-rebalance', connections: 1000, partitions: 2000, rounds: 5 },
  small: { connections: 5, partitions: 10, rounds: 1 },
  async run(target: BenchTarget, { topic, connections, partitions, rounds }): Promise<Figures> {
    const groupId = `bench-rebalance-${process.pid}-${Date.now()}`
    await createTopic(target, topic, partitions, {}, 1)
    const members: BenchMember[] = []
    try {
      const opened = await connectionsToCoordinator(target, groupId, connections)
      for (const [i, connection] of opened.entries())
        members.push(new BenchMember(groupId, topic, `member-${i}`, connection))
      const all = members.slice()
      const joining = all.pop()
      if (joining === undefined || all.length === 0)
        throw new BenchError('rebalance-consumer: connections is a whole number from 2')
      const took: number[] = []
      let requests = 0
      await converge(all, partitions)
      for (let round = 0; round < rounds; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, intervalMs))
        const start = performance.now()
        await joining.beat()
        const beats = (await converge(members, partitions)) * members.length
        took.push(performance.now() - start)
        requests += 1 + beats
        await joining.leave()
        await new Promise((resolve) => setTimeout(resolve, intervalMs))
        await converge(all, partitions)
      }
      const sorted = [...took].sort((a, b) => a - b)
      const total = took.reduce((sum, ms) => sum + ms, 0)
      return {
        rebalanceMs: sorted[Math.floor(sorted.length / 2)],
        slowestRebalanceMs: sorted.at(-1),
        requestsPerSecond: perSecond(requests, total / 1000),
      }
    } finally {
      for (const member of members) member.close()
      await deleteTopic(target, topic)
    }
  },
})
