/**
 * Members that come, go, die, fall silent and come back in any order, while the coordinator moves
 * and topics grow: nobody ever holds what another holds, and when all is quiet everything is held
 * and shared evenly.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../property-seed.ts'
import { Conversation } from './conversation.ts'
import { SomeTopics } from './some-topics.ts'

const topicId = (i: number) => `${'A'.repeat(21)}${'AQgw'[i]}`
const names = ['one', 'two', 'three', 'four']

type Step =
  | { do: 'join'; who: number }
  | { do: 'beat'; who: number }
  | { do: 'leave'; who: number }
  | { do: 'die'; who: number }
  | { do: 'lose'; who: number }
  | { do: 'pass'; ms: number }
  | { do: 'restart' }
  | { do: 'grow'; topic: number }

const who = fc.nat(5)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), who }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('beat' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), who }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), who }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(4_000) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('grow' as const), topic: fc.nat(2) }) },
  ),
  // As long as that: left to itself it draws ten steps or so.
  { maxLength: 80, size: 'max' },
)

/** A client of the new protocol, as far as partitions go. */
class Member {
  readonly memberId: string
  epoch = 0
  owned = new Set<string>()
  heardMs = 0
  /** Whether an answer was lost: the next request then tells everything, as Java's does. */
  isUnsure = false
  /** The request that waits for its answer. */
  waiting: number | undefined

  constructor(memberId: string) {
    this.memberId = memberId
  }
}

class Group {
  readonly topics = new SomeTopics([
    { name: 'one', topicId: topicId(0), partitionCount: 3 },
    { name: 'two', topicId: topicId(1), partitionCount: 4 },
    { name: 'three', topicId: topicId(2), partitionCount: 1 },
  ])
  readonly talk: Conversation
  readonly members = new Map<number, Member>()
  #joined = 0

  readonly assignor: string
  /** Pieces of a computation that are done after each request. */
  readonly piecesAtOnce: number

  constructor(assignor: string, pieces = { units: 2_000, atOnce: 1_000 }) {
    this.assignor = assignor
    this.piecesAtOnce = pieces.atOnce
    const settings = { consumerSessionTimeoutMs: 20_000, targetPieceUnits: pieces.units }
    this.talk = new Conversation(settings, this.topics)
  }

  step(step: Step): void {
    if (step.do === 'pass') this.pass(step.ms)
    else if (step.do === 'restart') this.restart()
    else if (step.do === 'grow') this.grow(step.topic)
    else if (step.do === 'join' && !this.members.has(step.who))
      this.members.set(step.who, new Member(`m${step.who}-${++this.#joined}`))
    else if (this.members.has(step.who)) this.act(step.do, this.members.get(step.who)!, step.who)
    this.check()
  }

  act(what: 'join' | 'beat' | 'leave' | 'die' | 'lose', member: Member, who: number): void {
    if (what === 'leave') this.send(member, -1)
    if (what === 'leave' || what === 'die') this.members.delete(who)
    // The answer is lost: the member asks again with what it knew.
    else if (what === 'lose') {
      this.send(member, member.epoch)
      member.isUnsure = true
      member.waiting = undefined
    } else this.beat(member)
  }

  restart(): void {
    this.talk.restart()
    for (const member of this.members.values()) {
      if (member.waiting === undefined) continue
      member.waiting = undefined
      member.isUnsure = true
    }
  }

  /** The number of the request. */
  send(member: Member, memberEpoch: number): number {
    const byTopic = new Map<string, number[]>()
    for (const key of member.owned) {
      const [topicId, partition] = key.split('/') as [string, string]
      byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), Number(partition)])
    }
    const isFull = memberEpoch === 0 || member.isUnsure
    const requestId = this.talk.send('consumerHeartbeat', {
      groupId: 'g',
      memberId: member.memberId,
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: isFull ? 60_000 : -1,
      subscribedTopicNames: isFull ? ['one', 'two', 'three'] : null,
      subscribedTopicRegex: null,
      serverAssignor: isFull ? this.assignor : null,
      topicPartitions: [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions })),
    })
    this.talk.tick(this.piecesAtOnce)
    return requestId
  }

  beat(member: Member): void {
    if (member.waiting !== undefined) this.talk.tick(1)
    member.waiting ??= this.send(member, member.epoch)
    const answer = this.talk.answer(member.waiting)
    member.heardMs = this.talk.nowMs
    if (answer === undefined) return
    member.waiting = undefined
    member.isUnsure = false
    if (answer.refused !== undefined) {
      expect([25, 110]).toContain(answer.refused)
      member.epoch = 0
      member.owned.clear()
      return
    }
    expect(answer.memberEpoch).toBeGreaterThanOrEqual(member.epoch)
    member.epoch = answer.memberEpoch
    if (answer.assignment)
      member.owned = new Set(
        answer.assignment.topicPartitions.flatMap(({ topicId, partitions }: any) =>
          partitions.map((partition: number) => `${topicId}/${partition}`),
        ),
      )
  }

  /** Members that are alive are heard of often enough. */
  pass(ms: number): void {
    this.talk.advance(ms)
    for (const member of this.members.values())
      if (this.talk.nowMs - member.heardMs > 8_000) this.beat(member)
  }

  grow(index: number): void {
    this.topics.list = this.topics.list.map((topic, i) =>
      i === index ? { ...topic, partitionCount: topic.partitionCount + 2 } : topic,
    )
    this.topics.version++
    this.talk.machine.state.topicsChanged([names[index]!], false)
  }

  check(): void {
    const held = [...this.members.values()].flatMap(({ owned }) => [...owned])
    expect(new Set(held).size, 'a partition is in two hands').toBe(held.length)
  }

  settle(): void {
    for (let round = 0; round < 24; round++) {
      for (const member of this.members.values()) {
        this.beat(member)
        this.check()
      }
      this.talk.advance(2_000)
    }
  }
}

const often = { numRuns: runs(150) }

const pieces = fc.record({ units: fc.constantFrom(3, 9, 2_000), atOnce: fc.nat(3) })

for (const assignor of ['uniform', 'range'])
  test(`no partition of a consumer group with ${assignor} is ever in two hands, all are held in the end`, () => {
    fc.assert(
      fc.property(steps, pieces, (all, pieces) => {
        const group = new Group(assignor, pieces)
        for (const step of all) group.step(step)
        if (group.members.size === 0) group.step({ do: 'join', who: 0 })
        group.settle()
        const shares = [...group.members.values()].map(({ owned }) => owned.size)
        const total = group.topics.list.reduce((sum, topic) => sum + topic.partitionCount, 0)
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total)
        if (assignor === 'uniform')
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
        const described: any = group.talk.ask('describeConsumer', { groupId: 'g' })
        expect([described.groupState, described.members.length]).toEqual(['Stable', shares.length])
        // What the log says is what the machine knows.
        const epochs = (machine: typeof group.talk.machine) => machine.state.consumerGroup('g')
        const [live, loaded] = [epochs(group.talk.machine)!, epochs(group.talk.reloaded())!]
        expect([...loaded.members]).toEqual([...live.members])
        expect(loaded.groupEpoch).toBe(live.groupEpoch)
      }),
      often,
    )
  })

test('a consumer group keeps as many partitions where they are as an even share allows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), (count) => {
      const group = new Group('uniform')
      for (let i = 0; i < count; i++) {
        group.step({ do: 'join', who: i })
        group.settle()
      }
      const before = [...group.members].map(([who, { owned }]) => [who, new Set(owned)] as const)
      group.step({ do: 'leave', who: 0 })
      group.settle()
      for (const [who, owned] of before.slice(1))
        for (const partition of owned) expect(group.members.get(who)!.owned).toContain(partition)
    }),
    often,
  )
})

/** A client of the classic protocol: joins, syncs, and leads when it is told to. */
class ClassicClient {
  memberId = ''
  generationId = -1
  owned: number[] = []
  waits: { kind: 'join' | 'sync'; requestId: number } | undefined
}

class ClassicPlay {
  readonly talk = new Conversation({ initialRebalanceDelayMs: 500, answersPerPiece: 2 })
  readonly clients = new Map<number, ClassicClient>()
  committed = -1

  step(step: Step): void {
    if (step.do === 'pass') this.talk.advance(step.ms)
    else if (step.do === 'restart') {
      this.talk.restart()
      // The connections broke: whoever waited asks again.
      for (const client of this.clients.values()) if (client.waits) this.forget(client, false)
    } else if (step.do === 'join' && !this.clients.has(step.who))
      this.clients.set(step.who, new ClassicClient())
    else if ('who' in step && this.clients.has(step.who)) {
      const client = this.clients.get(step.who)!
      if (step.do === 'die') this.clients.delete(step.who)
      else if (step.do === 'leave') {
        const members = [{ memberId: client.memberId, groupInstanceId: null, reason: null }]
        this.talk.ask('leave', { groupId: 'g', memberId: '', members })
        this.clients.delete(step.who)
      } else this.live(client)
    }
    this.hear()
  }

  forget(client: ClassicClient, withId: boolean): void {
    client.generationId = -1
    client.owned = []
    client.waits = undefined
    if (withId) client.memberId = ''
  }

  live(client: ClassicClient): void {
    if (client.waits) return
    const { memberId, generationId } = client
    if (generationId === -1) {
      const requestId = this.talk.send('join', {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId,
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [
          { name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0, 255, 255, 255, 255]) },
        ],
        reason: null,
      })
      client.waits = { kind: 'join', requestId }
      return
    }
    const beat: any = this.talk.ask('heartbeat', {
      groupId: 'g',
      generationId,
      memberId,
      groupInstanceId: null,
    })
    if (beat.refused !== undefined) this.forget(client, beat.refused === 25)
    else if (beat.errorCode !== 0) {
      client.generationId = -1
      client.owned = []
    } else if (client.owned.length > 0) this.commit(client)
  }

  commit({ memberId, generationId }: ClassicClient): void {
    const next = this.committed + 1
    const partition = {
      partitionIndex: 0,
      committedOffset: next,
      committedLeaderEpoch: -1,
      committedMetadata: '',
    }
    const answer: any = this.talk.ask('commit', {
      groupId: 'g',
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: 't', topicId: 'A'.repeat(22), partitions: [partition] }],
    })
    if (answer.refused === undefined) this.committed = next
    const fetched: any = this.talk.ask('fetch', {
      groupId: 'g',
      memberId: null,
      memberEpoch: -1,
      topics: null,
      requireStable: true,
    })
    const offset = fetched.topics[0]?.partitions[0].committedOffset ?? -1
    expect(offset, 'a committed offset went back').toBe(this.committed)
  }

  hear(): void {
    for (let heard = true; heard; ) {
      heard = false
      for (const client of this.clients.values()) {
        const answer = client.waits && this.talk.answer(client.waits.requestId)
        if (!answer) continue
        heard = true
        const { kind } = client.waits!
        client.waits = undefined
        if (kind === 'join') this.joined(client, answer)
        else if (answer.errorCode === 0 && answer.refused === undefined)
          client.owned =
            answer.assignment.length > 0 ? JSON.parse(answer.assignment.toString()) : []
        else this.forget(client, answer.refused === 25)
      }
    }
    this.check()
  }

  joined(client: ClassicClient, answer: any): void {
    if (answer.refused !== undefined || answer.errorCode !== 0) {
      const isNew = answer.errorCode === 79
      this.forget(client, !isNew)
      if (isNew) client.memberId = answer.memberId
      return
    }
    client.memberId = answer.memberId
    client.generationId = answer.generationId
    const ids = answer.members.map(({ memberId }: any) => memberId)
    const assignments = ids.map((memberId: string, i: number) => ({
      memberId,
      assignment: Buffer.from(JSON.stringify([0, 1, 2, 3, 4].filter((p) => p % ids.length === i))),
    }))
    const requestId = this.talk.send('sync', {
      groupId: 'g',
      generationId: client.generationId,
      memberId: client.memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    })
    client.waits = { kind: 'sync', requestId }
  }

  check(): void {
    const held = [...this.clients.values()].flatMap(({ generationId, owned }) =>
      owned.map((partition) => `${generationId}/${partition}`),
    )
    expect(new Set(held).size, 'two owners in one generation').toBe(held.length)
  }
}

test('a classic group comes to rest with everybody in one generation, and offsets never go back', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const play = new ClassicPlay()
      for (const step of all) play.step(step)
      if (play.clients.size === 0) play.step({ do: 'join', who: 0 })
      for (let round = 0; round < 60; round++) {
        for (const who of [...play.clients.keys()]) play.step({ do: 'beat', who })
        play.step({ do: 'pass', ms: 1_000 })
      }
      const clients = [...play.clients.values()]
      expect(new Set(clients.map(({ generationId }) => generationId)).size).toBe(1)
      expect(clients.flatMap(({ owned }) => owned).sort()).toEqual([0, 1, 2, 3, 4])
    }),
    often,
  )
})
