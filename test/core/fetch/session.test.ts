import { expect, test } from 'vitest'
import {
  type FetchAnswer,
  type FetchedPartition,
  FetchSessions,
} from '../../../src/core/fetch/session.ts'

const noId = 'A'.repeat(22)
const asked = (partition: number, fetchOffset = 0): FetchedPartition => ({
  topic: 't',
  topicId: noId,
  partition,
  currentLeaderEpoch: -1,
  fetchOffset,
  lastFetchedEpoch: -1,
  logStartOffset: -1,
  partitionMaxBytes: 1000,
  toldHighWatermark: -1,
  toldLogStartOffset: -1,
})
const answer = (rest: Partial<FetchAnswer> = {}): FetchAnswer => ({
  errorCode: 0,
  highWatermark: 5,
  logStartOffset: 0,
  recordBytes: 0,
  preferredReadReplica: -1,
  diverging: false,
  ...rest,
})

/** Requests of one client against one cache; ids count up. */
function client(slotsMax = 10, partitionsMax = 1000) {
  const sessions = new FetchSessions(slotsMax, partitionsMax)
  let ids = 0
  return {
    sessions,
    begin: (
      sessionId: number,
      sessionEpoch: number,
      partitions: FetchedPartition[] = [],
      rest: { forgotten?: number[]; nowMs?: number; usesTopicIds?: boolean } = {},
    ) =>
      sessions.begin(
        {
          sessionId,
          sessionEpoch,
          usesTopicIds: rest.usesTopicIds ?? false,
          partitions,
          forgotten: (rest.forgotten ?? []).map((partition) => ({
            topic: 't',
            topicId: noId,
            partition,
          })),
        },
        rest.nowMs ?? 0,
        () => ++ids,
      ),
  }
}
const indexes = (context: { partitions(): FetchedPartition[] }) =>
  context.partitions().map(({ partition }) => partition)

test('a session remembers its partitions, takes new ones and drops forgotten ones', () => {
  const { begin } = client()
  const full = begin(0, 0, [asked(0), asked(1)])
  expect([full.errorCode, full.sessionId, indexes(full)]).toEqual([0, 1, [0, 1]])
  const second = begin(1, 1, [asked(2)], { forgotten: [0] })
  expect([second.errorCode, second.sessionId, indexes(second)]).toEqual([0, 1, [1, 2]])
  expect(indexes(begin(1, 2))).toEqual([1, 2])
})

test('sessions are bounded by their partitions: a new one is not made, one that grows ends', () => {
  const { sessions, begin } = client(10, 3)
  const first = begin(0, 0, [asked(0), asked(1)])
  expect([first.sessionId, begin(0, 0, [asked(0), asked(1)]).sessionId]).toEqual([1, 0])
  expect(begin(1, 1, [asked(2)], { forgotten: [0] }).errorCode).toBe(0)
  expect(sessions.partitions).toBe(2)
  expect(begin(1, 2, [asked(3), asked(4)]).errorCode).toBe(70)
  expect([sessions.size, sessions.partitions]).toEqual([0, 0])
  expect(begin(0, 0, [asked(0), asked(1), asked(2)]).sessionId).toBe(2)
  expect(sessions.partitionLimit).toEqual({ used: 3, max: 3, refused: 2 })
  begin(2, -1)
  expect(sessions.partitions).toBe(0)
})

test('an incremental answer leaves out what has not changed', () => {
  const { begin } = client()
  const full = begin(0, 0, [asked(0), asked(1)])
  expect(full.partitions().map((each) => full.tell(each, answer()))).toEqual([true, true])
  const next = begin(1, 1)
  const [first, second] = next.partitions() as [FetchedPartition, FetchedPartition]
  expect(next.tell(first, answer())).toBe(false)
  expect(next.tell(second, answer({ highWatermark: 6 }))).toBe(true)
})

test('an error is told again and again until it is gone', () => {
  const { begin } = client()
  const full = begin(0, 0, [asked(0)])
  full.tell(full.partitions()[0] as FetchedPartition, answer())
  for (const epoch of [1, 2]) {
    const next = begin(1, epoch)
    const [partition] = next.partitions() as [FetchedPartition]
    expect(next.tell(partition, answer({ errorCode: 6, highWatermark: -1 }))).toBe(true)
  }
  const healed = begin(1, 3)
  expect(healed.tell(healed.partitions()[0] as FetchedPartition, answer())).toBe(true)
})

test('a partition that had records moves to the end of the order', () => {
  const { begin } = client()
  begin(0, 0, [asked(0), asked(1), asked(2)])
  const next = begin(1, 1)
  next.tell(next.partitions()[0] as FetchedPartition, answer({ recordBytes: 10 }))
  expect(indexes(begin(1, 2))).toEqual([1, 2, 0])
})

test('unknown sessions, wrong epochs and a change to topic ids are refused, and change nothing', () => {
  const { begin } = client()
  begin(0, 0, [asked(0)])
  expect(begin(9, 1).errorCode).toBe(70)
  expect(begin(1, 2).errorCode).toBe(71)
  expect(begin(1, 1, [], { usesTopicIds: true }).errorCode).toBe(106)
  expect(begin(1, 1).errorCode).toBe(0)
})

test('epoch -1 closes a session, and epoch 0 replaces it', () => {
  const { begin, sessions } = client()
  begin(0, 0, [asked(0)])
  expect(begin(1, 0, [asked(1)]).sessionId).toBe(2)
  expect(begin(1, 1).errorCode).toBe(70)
  expect(begin(2, -1, [asked(1)]).sessionId).toBe(0)
  expect(sessions.size).toBe(0)
})

test('a session without partitions ends', () => {
  const { begin, sessions } = client()
  begin(0, 0, [asked(0)])
  expect(begin(1, 1, [], { forgotten: [0] }).sessionId).toBe(0)
  expect(sessions.size).toBe(0)
})

test('a full cache gives no session until one has been idle for two minutes', () => {
  const { begin } = client(1)
  expect(begin(0, 0, [asked(0)], { nowMs: 0 }).sessionId).toBe(1)
  expect(begin(0, 0, [asked(0)], { nowMs: 120_000 }).sessionId).toBe(0)
  expect(begin(0, 0, [asked(0)], { nowMs: 120_001 }).sessionId).toBe(2)
})
