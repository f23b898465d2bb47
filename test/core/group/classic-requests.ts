/** Requests of members of a classic group `g`, with what most have in common filled in. */
import type { AskOptions, Conversation } from './conversation.ts'

/** A version 0 subscription to topic `t`. */
export const subscription = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255])

export const joining = (memberId = '', rest: object = {}) => ({
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 30_000,
  memberId,
  groupInstanceId: null as string | null,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscription }],
  reason: null,
  ...rest,
})

export const syncing = (
  memberId: string,
  generationId: number,
  given: readonly string[] = [],
  rest: object = {},
) => ({
  groupId: 'g',
  generationId,
  memberId,
  groupInstanceId: null as string | null,
  protocolType: null,
  protocolName: null,
  assignments: given.map((id) => ({ memberId: id, assignment: Buffer.from(`of ${id}`) })),
  ...rest,
})

export const beating = (memberId: string, generationId: number, rest: object = {}) => ({
  groupId: 'g',
  generationId,
  memberId,
  groupInstanceId: null as string | null,
  ...rest,
})

export const leaving = (memberId: string, groupInstanceId: string | null = null) => ({
  groupId: 'g',
  memberId: '',
  members: [{ memberId, groupInstanceId, reason: null }],
})

export const committing = (
  memberId: string,
  generation: number,
  offset: number,
  rest: object = {},
) => ({
  groupId: 'g',
  generationIdOrMemberEpoch: generation,
  memberId,
  groupInstanceId: null as string | null,
  retentionTimeMs: -1,
  topics: [
    {
      name: 't',
      topicId: 'A'.repeat(22),
      partitions: [
        {
          partitionIndex: 0,
          committedOffset: offset,
          committedLeaderEpoch: -1,
          committedMetadata: null,
        },
      ],
    },
  ],
  ...rest,
})

export const fetching = {
  groupId: 'g',
  memberId: null,
  memberEpoch: -1,
  topics: null,
  requireStable: true,
}

/** Joins at once, without asking for an id first. */
export const join = (
  talk: Conversation,
  memberId?: string,
  rest?: object,
  options: AskOptions = { version: 3 },
) => talk.send('join', joining(memberId, rest), options)

/** So many members in a stable group, the first of which leads; their ids, and the generation. */
export function stable(talk: Conversation, count: number, rest: readonly object[] = []) {
  const joins = Array.from({ length: count }, (_, i) => join(talk, '', rest[i], { version: 5 }))
  // Dynamic members were only given an id.
  const pending = joins.map((request) => talk.answer(request)?.memberId as string | undefined)
  const again = pending.map((id, i) => (id ? join(talk, id, rest[i]) : joins[i]!))
  talk.advance(0)
  const answers = again.map((request) => talk.answer(request))
  const ids = answers.map(({ memberId }) => memberId as string)
  const { generationId, leader } = answers[0]
  talk.ask('sync', syncing(leader, generationId, ids, rest[ids.indexOf(leader)]))
  for (const [i, id] of ids.entries()) talk.ask('sync', syncing(id, generationId, [], rest[i]))
  return { ids, generationId: generationId as number, leader: leader as string }
}
