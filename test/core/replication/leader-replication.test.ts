import { expect, test } from 'vitest'
import type { PartitionImage } from '../../../src/core/cluster/image.ts'
import { LeaderReplication } from '../../../src/core/replication/leader-replication.ts'

const state = (more: Partial<PartitionImage> = {}): PartitionImage => ({
  kind: 'partition',
  topicId: 'topic',
  partition: 0,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leader: 1,
  leaderEpoch: 5,
  leaderBrokerEpoch: 1,
  partitionEpoch: 10,
  unclean: false,
  uncleanEpoch: -1,
  ...more,
})
const epochs: Record<number, number> = { 1: 101, 2: 102, 3: 103 }
const rules = { lagMaxMs: 1000, eligibleEpoch: (id: number) => epochs[id] }

test('the high watermark is what every member of the ISR has, from its first fetch on', () => {
  const leader = new LeaderReplication(state(), 1, 100, 0)
  const seen = [leader.highWatermark(90, 110, 2)]
  leader.fetched(2, 102, 108, 110, 1)
  seen.push(leader.highWatermark(90, 110, 2))
  leader.fetched(3, 103, 105, 110, 1)
  seen.push(leader.highWatermark(90, 110, 2))
  leader.fetched(3, 103, 101, 110, 1)
  seen.push(leader.highWatermark(105, 110, 2))
  expect(seen).toEqual([90, 90, 105, 105])
})

test('it stands still while the ISR is below min.insync.replicas', () => {
  const leader = new LeaderReplication(state({ isr: [1] }), 1, 100, 0)
  expect([leader.highWatermark(90, 110, 2), leader.highWatermark(90, 110, 1)]).toEqual([90, 110])
})

test('a follower joins when it has the high watermark and the start of the epoch, and counts at once', () => {
  const leader = new LeaderReplication(state({ isr: [1, 2] }), 1, 100, 0)
  leader.fetched(2, 102, 120, 120, 1)
  leader.fetched(3, 103, 99, 120, 1)
  const below = leader.propose(80, 120, 2, rules)
  leader.fetched(3, 103, 101, 120, 3)
  const joined = leader.propose(80, 120, 4, rules)
  expect({ below, joined, highWatermark: leader.highWatermark(80, 120, 1) }).toEqual({
    below: undefined,
    joined: {
      leaderEpoch: 5,
      partitionEpoch: 10,
      newIsr: [
        { brokerId: 1, brokerEpoch: 101 },
        { brokerId: 2, brokerEpoch: 102 },
        { brokerId: 3, brokerEpoch: 103 },
      ],
    },
    highWatermark: 101,
  })
})

test('a follower that lags leaves, and counts until the coordinator has said so', () => {
  const leader = new LeaderReplication(state(), 1, 100, 0)
  leader.fetched(2, 102, 120, 120, 1900)
  leader.fetched(3, 103, 110, 120, 500)
  const early = leader.propose(100, 120, 900, rules)
  const late = leader.propose(100, 120, 2000, rules)?.newIsr.map(({ brokerId }) => brokerId)
  const pending = leader.highWatermark(100, 120, 2)
  leader.decided(true, [1, 2], 11)
  expect({ early, late, pending, after: leader.highWatermark(100, 120, 2) }).toEqual({
    early: undefined,
    late: [1, 2],
    pending: 110,
    after: 120,
  })
})

test('a proposal without an answer stands, and is asked again as it was', () => {
  const leader = new LeaderReplication(state({ isr: [1, 2] }), 1, 100, 0)
  leader.fetched(2, 102, 120, 120, 1)
  leader.fetched(3, 103, 120, 120, 1)
  const first = leader.propose(80, 120, 2, rules)
  expect(leader.propose(80, 130, 5000, rules)).toBe(first)
  leader.update(state({ isr: [1, 2, 3], partitionEpoch: 11 }), 6000)
  expect(leader.proposal).toBe(undefined)
})

test('an older incarnation of a follower is refused, a later one starts from nothing', () => {
  const leader = new LeaderReplication(state({ isr: [1, 2] }), 1, 0, 0)
  leader.fetched(3, 103, 50, 50, 1)
  const later = leader.fetched(3, 104, 10, 50, 2)
  const older = leader.fetched(3, 103, 50, 50, 3)
  expect({ later, older, end: leader.logEndOffset(3) }).toEqual({
    later: true,
    older: false,
    end: 10,
  })
})

test('a follower that caught up under another broker epoch than the coordinator knows does not join', () => {
  const leader = new LeaderReplication(state({ isr: [1, 2] }), 1, 0, 0)
  leader.fetched(2, 102, 10, 10, 1)
  leader.fetched(3, 77, 10, 10, 1)
  expect(leader.propose(5, 10, 2, rules)).toBe(undefined)
})

test('a follower that has the high watermark and does not keep up does not join: it would leave at once', () => {
  const leader = new LeaderReplication(state({ isr: [1, 2] }), 1, 100, 5000)
  leader.fetched(2, 102, 120, 120, 5001)
  leader.fetched(3, 103, 110, 120, 5001)
  const behind = leader.propose(105, 120, 5002, rules)
  // It has now what there was at its last fetch.
  leader.fetched(3, 103, 120, 125, 5003)
  const near = leader.propose(105, 125, 5004, rules)?.newIsr.map(({ brokerId }) => brokerId)
  expect([behind, near]).toEqual([undefined, [1, 2, 3]])
})

test('the low watermark is what every replica on a broker that lives has dropped', () => {
  const leader = new LeaderReplication(state(), 1, 100, 0)
  const everybody = () => true
  const low = () => leader.lowWatermark(50, everybody)
  const seen = [low()]
  leader.fetched(2, 102, 100, 100, 1, 50)
  seen.push(low())
  leader.fetched(3, 103, 100, 100, 1, 20)
  seen.push(
    low(),
    leader.lowWatermark(50, (id) => id !== 3),
  )
  leader.fetched(3, 103, 100, 100, 2, 60)
  seen.push(low())
  expect(seen).toEqual([-1, -1, 20, 50, 50])
})
