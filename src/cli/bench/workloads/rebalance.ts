import { performance } from 'node:perf_hooks'
import { ErrorCode } from '../../../../protocol/errors.ts'
import { Heartbeat } from '../../../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../../../protocol/messages/leave-group.ts'
import { SyncGroup } from '../../../../protocol/messages/sync-group.ts'
import type { IncomingResponseOf } from '../../../../protocol/schema.ts'
import type { BrokerConnection } from '../../../client/connection.ts'
import { type Figures, perSecond } from '../bench-result.ts'
import { type BenchTarget, expectNoError } from '../bench-target.ts'
import { connectionsToCoordinator, isNotYetThere } from '../group-connections.ts'
import { workload } from '../workload.ts'

const heartbeatMs = 50
/** Version 0 of a consumer's: to one topic, and filled up. Kafka never answers a join whose it cannot read. */
function subscription(sizeBytes: number): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116])
  const fill = Buffer.alloc(Math.max(4, sizeBytes - head.length), 1)
  fill.writeInt32BE(fill.length - 4)
  return Buffer.concat([head, fill])
}

/** A classic group in which every member has a connection of its own. */
class BenchGroup {
  readonly groupId = `bench-rebalance-${process.pid}-${Date.now()}`
  readonly #metadata: Buffer
  readonly #assignment: Buffer
  #connections: BrokerConnection[] = []
  #memberIds: string[] = []
  #generationId = 0
  #leader = 0

  constructor(subscriptionBytes: number, assignmentBytes: number) {
    this.#metadata = subscription(subscriptionBytes)
    this.#assignment = Buffer.alloc(assignmentBytes, 1)
  }

  async open(target: BenchTarget, count: number): Promise<void> {
    this.#connections = await connectionsToCoordinator(target, this.groupId, count)
    this.#memberIds = this.#connections.map(() => '')
  }

  /** Everybody joins, the leader first, and syncs. Returns the milliseconds from the last join on. */
  async rebalance(): Promise<number> {
    const others = this.#connections.map((_, i) => i).filter((i) => i !== this.#leader)
    const order = [this.#leader, ...others]
    const first = this.#join(this.#leader)
    // Followers that join before the group knows of a rebalance are given what they had.
    while ((await this.#heartbeat(others[0]!)) !== ErrorCode.REBALANCE_IN_PROGRESS);
    const joins = [first, ...others.map((i) => this.#join(i))]
    const start = performance.now()
    const joined = await Promise.all(joins)
    for (const { errorCode } of joined) expectNoError(errorCode, 'JoinGroup')
    const synced = joined.map((answer, i) => this.#sync(order[i]!, answer))
    for (const errorCode of await Promise.all(synced)) expectNoError(errorCode, 'SyncGroup')
    return performance.now() - start
  }

  /** Until all are members of one generation: the first may have to start without the last. */
  async gather(): Promise<void> {
    const generations = this.#connections.map(() => -1)
    const isWhole = () => generations.every((one) => one !== -1 && one === generations[0])
    const live = async (i: number) => {
      while (generations[i] === -1) {
        const joined = await this.#join(i)
        if (isNotYetThere(joined.errorCode)) {
          await new Promise((resolve) => setTimeout(resolve, heartbeatMs))
          continue
        }
        expectNoError(joined.errorCode, 'JoinGroup')
        const errorCode = await this.#sync(i, joined)
        if (errorCode === 0) generations[i] = joined.generationId
        else if (errorCode !== ErrorCode.REBALANCE_IN_PROGRESS)
          expectNoError(errorCode, 'SyncGroup')
        while (generations[i] !== -1 && !isWhole()) {
          await new Promise((resolve) => setTimeout(resolve, heartbeatMs))
          if ((await this.#heartbeat(i)) !== 0) generations[i] = -1
        }
      }
    }
    await Promise.all(generations.map((_, i) => live(i)))
  }

  async #heartbeat(i: number): Promise<number> {
    const generationId = this.#generationId
    const request = { groupId: this.groupId, generationId, memberId: this.#memberIds[i]! }
    return (await this.#connections[i]!.send(Heartbeat, request, { version: 2 })).errorCode
  }

  async #join(i: number): Promise<IncomingResponseOf<typeof JoinGroup>> {
    const request = {
      groupId: this.groupId,
      sessionTimeoutMs: 60_000,
      rebalanceTimeoutMs: 60_000,
      memberId: this.#memberIds[i]!,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: this.#metadata }],
    }
    const answer = await this.#connections[i]!.send(JoinGroup, request, { version: 3 })
    if (answer.errorCode !== 0) return answer
    this.#memberIds[i] = answer.memberId
    this.#generationId = answer.generationId
    if (answer.members.length > 0) this.#leader = i
    return answer
  }

  async #sync(
    i: number,
    { generationId, members }: IncomingResponseOf<typeof JoinGroup>,
  ): Promise<number> {
    const request = {
      groupId: this.groupId,
      generationId,
      memberId: this.#memberIds[i]!,
      assignments: members.map(({ memberId }) => ({ memberId, assignment: this.#assignment })),
    }
    return (await this.#connections[i]!.send(SyncGroup, request, { version: 2 })).errorCode
  }

  async close(): Promise<void> {
    const { groupId } = this
    const leave = (memberId: string, i: number) =>
      this.#connections[i]!.send(LeaveGroup, { groupId, memberId }, { version: 1 })
    if (!this.#memberIds.includes('')) await Promise.all(this.#memberIds.map(leave))
    for (const connection of this.#connections) connection.close()
  }
}

export const rebalance = workload({
  name: 'rebalance',
  description: 'lets all members of a large classic group join again, until each has its share',
  defaults: { connections: 1000, rounds: 5, subscriptionBytes: 100, assignmentBytes: 40 },
  small: { connections: 10, rounds: 2 },
  async run(target, settings): Promise<Figures> {
    const group = new BenchGroup(settings.subscriptionBytes, settings.assignmentBytes)
    try {
      await group.open(target, settings.connections)
      await group.gather()
      const took: number[] = []
      for (let round = 0; round < settings.rounds; round += 1) took.push(await group.rebalance())
      const sorted = [...took].sort((a, b) => a - b)
      const total = took.reduce((sum, ms) => sum + ms, 0)
      return {
        rebalanceMs: sorted[Math.floor(sorted.length / 2)],
        slowestRebalanceMs: sorted.at(-1),
        requestsPerSecond: perSecond(2 * settings.connections * settings.rounds, total / 1000),
      }
    } finally {
      await group.close()
    }
  },
})
