/**
 * What was done between the recorded cases and not recorded: calls that only let the conversation go
 * on, and pauses.
 */

import { cases } from './cases.ts'
import type { Replay } from './replay.ts'

type Step = (replay: Replay) => Promise<void>

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Kafka's metadata and markers arrive a while after the answer; a pause is only for that. */
const pause =
  (ms: number): Step =>
  async (replay) => {
    await sleep(replay.options.slow ? ms : Math.min(ms, 50))
  }

/** Asks for the coordinators until their topics exist. */
const coordinators =
  (keyType: number, coordinatorKeys: string[], of: string): Step =>
  async (replay) => {
    if (!replay.has(of)) return
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const answer = await replay.ask('FindCoordinator', 4, { keyType, coordinatorKeys })
      if (answer.coordinators.every((one: any) => one.errorCode === 0)) return
      await sleep(100)
    }
    throw new Error(`The coordinators of ${coordinatorKeys} were not there after 100 attempts`)
  }

/** The request of a recorded case, which holds ids that an unrecorded call had given. */
const requestOf = (what: string): any => cases.find((one) => one.what === what)!.request

const join = (groupId: string) => ({
  groupId,
  ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '' },
  ...{ groupInstanceId: null, protocolType: 'consumer', reason: null },
  protocols: [
    {
      name: 'range',
      metadata: Buffer.from(
        requestOf('JoinGroup v9 without member id').protocols[0].metadata,
        'base64',
      ),
    },
  ],
})
const leave = (groupId: string, memberId: string) => ({
  groupId,
  memberId,
  members: [{ memberId, groupInstanceId: null, reason: null }],
})

const transactionalProducer =
  (transactionalId: string, version: number, next: string): Step =>
  async (replay) => {
    const answer = await replay.ask('InitProducerId', version, {
      transactionalId,
      ...{ transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 },
    })
    const { producerId } = replay.exchange.toGolden(answer)
    if (producerId === answer.producerId) {
      replay.exchange.learn('producerId', requestOf(next).producerId, answer.producerId)
    }
  }

/** By the name of the case that comes after. */
export const before: Record<string, Step[]> = {
  'FindCoordinator v4, two groups': [
    coordinators(0, ['g1', 'g2', 'g3', 'g4'], 'JoinGroup'),
    coordinators(1, ['tx1', 'tx2', 'tx3', 'tx4', 'tx5', 'tx6', 'tx7', 'tx8'], 'EndTxn'),
    pause(1500),
  ],
  'CreateTopics: exists': [pause(800)],
  'InitProducerId v5, no transactional id': [pause(1000)],
  'JoinGroup v9 with the given member id': [
    async (replay) => {
      const { memberId } = requestOf('Heartbeat of the pending member')
      const ours = replay.exchange.toOurs({ memberId })?.memberId ?? memberId
      await replay.ask('LeaveGroup', 5, leave('g1', ours))
      const answer = await replay.ask('JoinGroup', 9, join('g2'))
      const asked = requestOf('JoinGroup v9 with the given member id')
      replay.exchange.learn('memberId', asked.memberId, answer.memberId)
    },
  ],
  'JoinGroup v9, static member, no member id: joined at once': [
    async (replay) => {
      const joined = replay.answers.get('JoinGroup v3 without member id: joined at once')
      await replay.ask('LeaveGroup', 0, leave('g3', joined.memberId))
    },
  ],
  'JoinGroup v9, static member restarts': [
    async (replay) => {
      const { memberId, generationId } = replay.answers.get(
        'JoinGroup v9, static member, no member id: joined at once',
      )
      await replay.ask('SyncGroup', 5, {
        ...{ groupId: 'g4', generationId, memberId, groupInstanceId: 'inst' },
        ...{ protocolType: 'consumer', protocolName: 'range' },
        assignments: [{ memberId, assignment: Buffer.from('AAEC', 'base64') }],
      })
    },
  ],
  // Longer than group.consumer.assignment.interval.ms, which everybody has.
  'ConsumerGroupHeartbeat, 2.5 s later: the second asks': [async () => void (await sleep(2500))],
  'EndTxn v4 commit of an empty transaction': [
    transactionalProducer('tx2', 4, 'EndTxn v4 commit of an empty transaction'),
  ],
  'EndTxn v4 abort again': [pause(700)],
  'TV2: Produce v12 adds the partition itself': [
    transactionalProducer('tx3', 5, 'TV2: TxnOffsetCommit v5 adds the group itself'),
  ],
  'TV2: EndTxn v5 commit, the retry when the commit is complete': [pause(1000)],
  'Fetch v17 by the id of the deleted topic': [pause(800)],
  'OffsetFetch v8 after the topic was deleted and made again': [pause(800)],
}
