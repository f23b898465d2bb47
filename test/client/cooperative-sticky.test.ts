/** Members keep what they have, and nothing has two owners on its way from one to the other. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopics } from '../../src/client/admin/topics.ts'
import type { GroupMemberTopics, TopicPartition } from '../../src/client/assignors.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { cooperativeSticky } from '../../src/client/cooperative-sticky.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'

const name = ({ topic, partition }: TopicPartition) => `${topic}${partition}`
const member = (memberId: string, topics: string[], owned: TopicPartition[] = []) => ({
  ...{ memberId, groupInstanceId: null, topics, owned, generationId: 1 },
})

/** Rounds until nothing changes; what each member has after each. */
function rebalance(start: GroupMemberTopics[], counts: ReadonlyMap<string, number>) {
  let members = start
  const rounds: Map<string, string[]>[] = []
  for (;;) {
    const given = cooperativeSticky(members, counts)
    const now = new Map([...given].map(([id, items]) => [id, items.map(name).sort()]))
    const before = rounds.at(-1)
    rounds.push(now)
    if (before && JSON.stringify([...before]) === JSON.stringify([...now])) return rounds
    if (rounds.length > 10) throw new Error('no end in ten rounds')
    members = members.map((one) => ({
      ...one,
      owned: given.get(one.memberId) ?? [],
      generationId: rounds.length + 1,
    }))
  }
}

test('a second member gets its half in two rounds, and the first keeps the other', () => {
  const counts = new Map([['t', 4]])
  const all = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition }))
  const rounds = rebalance([member('a', ['t'], all), member('b', ['t'])], counts)
  expect(rounds.slice(0, 2).map((round) => Object.fromEntries(round))).toEqual([
    { a: ['t0', 't1'], b: [] },
    { a: ['t0', 't1'], b: ['t2', 't3'] },
  ])
})

test('an old claim counts less than a new one, and two of one generation count nothing', () => {
  const item = { topic: 't', partition: 0 }
  const old = { ...member('a', ['t'], [item]), generationId: 3 }
  const fresh = { ...member('b', ['t'], [item]), generationId: 4 }
  const counts = new Map([['t', 1]])
  expect(cooperativeSticky([old, fresh], counts).get('b')).toEqual([item])
  expect(cooperativeSticky([old, { ...fresh, generationId: 3 }], counts).get('a')).toEqual([item])
})

test('any group ends balanced, complete, and without a partition given away while it is owned', () => {
  const topics = ['s', 't', 'u']
  const subscription = fc.subarray(topics, { minLength: 1 })
  const group = fc.record({
    counts: fc.tuple(...topics.map(() => fc.integer({ min: 0, max: 9 }))),
    subscriptions: fc.array(subscription, { minLength: 1, maxLength: 6 }),
    owners: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 27, maxLength: 27 }),
  })
  fc.assert(
    fc.property(group, ({ counts, subscriptions, owners }) => {
      const partitionCounts = new Map(topics.map((topic, i) => [topic, counts[i]!]))
      const all = topics.flatMap((topic, t) =>
        Array.from({ length: counts[t]! }, (_, partition) => ({
          topic,
          partition,
          at: t * 9 + partition,
        })),
      )
      const members = subscriptions.map((theirs, i) =>
        member(
          `m${i}`,
          theirs,
          all.filter(({ at }) => owners[at] === i),
        ),
      )
      const rounds = rebalance(members, partitionCounts)
      const last = rounds.at(-1)!
      const readable = all.filter(({ topic }) => members.some((one) => one.topics.includes(topic)))
      expect([...last.values()].flat().sort()).toEqual(readable.map(name).sort())
      for (const round of rounds) {
        const given = [...round.values()].flat()
        expect(new Set(given).size).toBe(given.length)
      }
      for (const one of members)
        for (const other of members) {
          const movable = last.get(one.memberId)!.some((item) => other.topics.includes(item[0]!))
          const more = last.get(one.memberId)!.length - last.get(other.memberId)!.length
          if (movable) expect(more).toBeLessThan(2)
        }
      // In the first round nobody gets what somebody else says to have.
      for (const [id, items] of rounds[0]!)
        for (const item of items) {
          const owner = all.find((one) => name(one) === item)!
          const claimed = members[owners[owner.at]!]
          if (claimed) expect(claimed.memberId).toBe(id)
        }
    }),
    { numRuns: 100 },
  )
})

let broker: TestNode
const clusters: Cluster[] = []
beforeAll(async () => {
  broker = await startTestNode({ 'group.initial.rebalance.delay.ms': 0 })
})
afterAll(async () => {
  for (const cluster of clusters) cluster.close()
  await broker.stop()
})

/** One for each member: a join that waits holds up everything else on its connection. */
function newCluster(): Cluster {
  const bootstrap = [{ host: '127.0.0.1', port: broker.port }]
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap })
  clusters.push(cluster)
  return cluster
}

test('a running member gives back only what moves when another one joins', async () => {
  await createTopics(newCluster(), [{ name: 'shared', partitions: 4 }])
  const events: string[] = []
  const join = (who: string) => {
    const say = (what: string) => (partitions: readonly TopicPartition[]) => {
      const numbers = partitions.map(({ partition }) => partition)
      if (partitions.length > 0) events.push(`${who} ${what} ${numbers}`)
    }
    const consumer = new Consumer(newCluster(), {
      group: { groupId: 'g', assignors: ['cooperative-sticky'], heartbeatIntervalMs: 50 },
      onAssigned: say('gets'),
      onRevoked: say('gives back'),
    })
    return consumer.subscribe(['shared']).then(() => consumer)
  }
  const until = async (count: number, ...consumers: Consumer[]) => {
    while (events.length < count) for (const consumer of consumers) await consumer.poll(20)
  }
  const first = await join('first')
  await until(1, first)
  const second = await join('second')
  await until(3, first, second)
  const [, moved, got] = events
  await second.close()
  await until(4, first)
  await first.close()
  const numbers = (event = '') => event.replace(/\D+/, '').split(',').sort().join()
  expect(events.slice(0, 1)).toEqual(['first gets 0,1,2,3'])
  expect(moved).toMatch(/^first gives back \d,\d$/)
  expect(got).toMatch(/^second gets \d,\d$/)
  expect(numbers(got)).toBe(numbers(moved))
  expect(events[3]).toMatch(/^first gets \d,\d$/)
})
