/** A large classic group is told of a generation in pieces: here of two members, so that six are many. */
import { expect, test } from 'vitest'
import { beating, join, leaving, syncing } from './classic-requests.ts'
import { Conversation } from './conversation.ts'

/** Six members have joined, and the generation has just begun: nobody has been told. */
function begin() {
  const talk = new Conversation({ answersPerPiece: 2 })
  const joins = Array.from({ length: 6 }, () => join(talk))
  // The delay of the first rebalance, which others came in, and its end.
  talk.tick(2)
  const told = (requests: readonly number[]) =>
    requests.filter((request) => talk.answer(request) !== undefined).length
  return { talk, joins, told }
}

test('members are told of a generation in pieces, the leader first, and of its assignment too', () => {
  const { talk, joins, told } = begin()
  const counts = [told(joins)]
  for (let piece = 0; piece < 4; piece++) {
    talk.tick(1)
    counts.push(told(joins))
  }
  expect(counts).toEqual([0, 2, 4, 6, 6])
  const { leader, members } = talk.answer(joins[0]!)
  const ids = joins.map((request) => talk.answer(request).memberId as string)
  expect([leader, members.length]).toEqual([ids[0], 6])
  const waits = ids.slice(1).map((id) => talk.send('sync', syncing(id, 1)))
  const syncs = [talk.send('sync', syncing(leader, 1, ids)), ...waits]
  expect(told(syncs)).toBe(0)
  talk.tick(1)
  expect([told(syncs), talk.answer(syncs[0]!).assignment.toString()]).toEqual([2, `of ${leader}`])
  talk.advance(0)
  expect(syncs.map((request) => talk.answer(request).assignment.toString())).toEqual(
    ids.map((id) => `of ${id}`),
  )
})

test('who has not been told when a member leaves is told of the next generation', () => {
  const { talk, joins, told } = begin()
  talk.tick(1)
  const [one, two] = joins.slice(0, 2).map((request) => talk.answer(request).memberId as string)
  talk.ask('leave', leaving(two!))
  expect(told(joins)).toBe(2)
  const again = join(talk, one)
  talk.advance(0)
  const generations = [again, ...joins.slice(2)].map((each) => talk.answer(each).generationId)
  expect(generations).toEqual([2, 2, 2, 2, 2])
  expect(talk.answer(again).members).toHaveLength(5)
})

test('a leader that assigns before all have been told leaves nobody without an answer', () => {
  const { talk, joins } = begin()
  talk.tick(1)
  const { memberId: leader, members } = talk.answer(joins[0]!)
  const ids = members.map(({ memberId }: { memberId: string }) => memberId) as string[]
  const sync = talk.send('sync', syncing(leader, 1, ids))
  talk.advance(0)
  expect(joins.map((request) => talk.answer(request).generationId)).toEqual([1, 1, 1, 1, 1, 1])
  const rest = ids.filter((id) => id !== leader)
  const syncs = [sync, ...rest.map((id) => talk.send('sync', syncing(id, 1)))]
  expect(syncs.map((request) => talk.answer(request).assignment.toString())).toEqual(
    [leader, ...rest].map((id) => `of ${id}`),
  )
})

test('who has not been told of its assignment when the next rebalance begins is told all the same', () => {
  const { talk, joins } = begin()
  talk.advance(0)
  const ids = joins.map((request) => talk.answer(request).memberId as string)
  const waits = ids.slice(1).map((id) => talk.send('sync', syncing(id, 1)))
  talk.send('sync', syncing(ids[0]!, 1, ids))
  // A new member, before anybody has been told.
  join(talk)
  expect(talk.ask('heartbeat', beating(ids[0]!, 1))).toEqual({ errorCode: 27 })
  expect(waits.map((request) => talk.answer(request)?.assignment.toString())).toEqual(
    ids.slice(1).map((id) => `of ${id}`),
  )
})

test('who waits for its assignment and joins again is told of the rebalance', () => {
  const { talk, joins } = begin()
  talk.advance(0)
  const ids = joins.map((request) => talk.answer(request).memberId as string)
  const wait = talk.send('sync', syncing(ids[1]!, 1))
  talk.send('sync', syncing(ids[0]!, 1, ids))
  join(talk, ids[0])
  join(talk, ids[1])
  talk.advance(0)
  expect(talk.answer(wait)?.errorCode).toBe(27)
})

test('a coordinator that moves before all have been told has them join again', () => {
  const { talk, joins } = begin()
  talk.tick(1)
  const { memberId: leader } = talk.answer(joins[0]!)
  talk.restart()
  talk.advance(0)
  expect(talk.ask('heartbeat', beating(leader, 1))).toEqual({
    refused: 25,
  })
})
