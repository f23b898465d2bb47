/**
 * Members of both protocols in one group, static and not, that read different topics, by name and by
 * regular expression, while topics come, grow and go and the coordinator moves: nobody ever has what
 * another has, and when all is quiet each partition that is read has an owner that reads it, and keeps it. Offsets are
 * what their owners committed last, and nobody commits what another has.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../property-seed.ts'
import { Conversation } from './conversation.ts'
import { ClassicClient, type Client, NewClient, type Reads } from './mixed-members.ts'
import { SomeTopics } from './some-topics.ts'

type Kind = 'new' | 'eager' | 'cooperative'
type Step =
  | { do: 'join'; who: number; kind: Kind; isStatic: boolean; reads: Reads }
  | { do: 'read'; who: number; reads: Reads }
  | { do: 'beat' | 'leave' | 'lose' | 'die' | 'commit'; who: number }
  /** Somebody who is gone and does not know it. */
  | { do: 'zombie'; which: number }
  | { do: 'pass'; ms: number }
  | { do: 'restart' }
  | { do: 'create' | 'grow' | 'delete'; topic: number }

const names = ['ta', 'tb', 'u']
const who = fc.nat(4)
const reads: fc.Arbitrary<Reads> = fc.oneof(
  fc.record({ names: fc.subarray(names), regex: fc.constant(null) }),
  fc.record({ names: fc.constant([]), regex: fc.constantFrom('t.*', 'u|tb', 'none') }),
)
const kind = fc.constantFrom<Kind>('new', 'new', 'eager', 'cooperative')
const one = <T extends string>(what: T) => fc.record({ do: fc.constant(what), who })
const topicStep = <T extends string>(what: T) =>
  fc.record({ do: fc.constant(what), topic: fc.nat(2) })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        ...{ do: fc.constant('join' as const), who, kind, reads },
        isStatic: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), who, reads }) },
    { weight: 9, arbitrary: one('beat' as const) },
    { weight: 2, arbitrary: one('leave' as const) },
    { weight: 1, arbitrary: one('die' as const) },
    { weight: 2, arbitrary: one('lose' as const) },
    { weight: 4, arbitrary: one('commit' as const) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('zombie' as const), which: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(4_000) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    { weight: 1, arbitrary: topicStep('create' as const) },
    { weight: 1, arbitrary: topicStep('grow' as const) },
    { weight: 1, arbitrary: topicStep('delete' as const) },
  ),
  // As long as that: left to itself it draws ten steps or so.
  { maxLength: 80, size: 'max' },
)

class Play {
  readonly topics = new SomeTopics([])
  readonly talk = new Conversation(
    {
      ...{ consumerSessionTimeoutMs: 20_000, initialRebalanceDelayMs: 500 },
      // All that large groups have in pieces is in pieces here.
      ...{ answersPerPiece: 2, targetPieceUnits: 8 },
    },
    this.topics,
  )
  readonly clients = new Map<number, Client>()
  readonly #dead: { client: Client; owned: readonly string[] }[] = []
  readonly #committed = new Map<string, number>()
  #nextOffset = 0
  #made = 0

  constructor() {
    for (const topic of [0, 1]) this.step({ do: 'create', topic })
  }

  step(step: Step): void {
    if (step.do === 'pass') this.pass(step.ms)
    else if (step.do === 'restart') {
      this.talk.restart()
      // The connections broke.
      for (const client of this.clients.values()) if (client instanceof ClassicClient) client.lose()
    } else if ('topic' in step) this.changeTopic(step.do, names[step.topic]!)
    else if (step.do === 'join') this.join(step)
    else if (step.do === 'zombie') this.zombie(step.which)
    else {
      const client = this.clients.get(step.who)
      if (!client) return
      if (step.do === 'read') client.readAnew(this.readable(client, step.reads))
      else if (step.do === 'beat') client.live()
      else if (step.do === 'lose') client.lose()
      else if (step.do === 'commit') for (const key of client.owned) this.commit(client, key)
      else {
        this.#dead.push({ client, owned: [...client.owned] })
        if (step.do === 'leave') client.leave()
        this.clients.delete(step.who)
      }
    }
    this.hear()
    this.checkOffsets()
  }

  join({ who, kind, isStatic, reads }: Extract<Step, { do: 'join' }>): void {
    if (this.clients.has(who)) return
    const instanceId = isStatic ? `i${who}` : null
    const client =
      kind === 'new'
        ? new NewClient(this.talk, `m${++this.#made}`, instanceId, reads)
        : new ClassicClient(this.talk, kind === 'cooperative', instanceId, reads)
    client.reads = this.readable(client, reads)
    this.clients.set(who, client)
    client.live()
  }

  commit(client: Client, key: string): void {
    const offset = this.#nextOffset++
    if (client.commit(key, offset)) this.#committed.set(key, offset)
  }

  zombie(which: number): void {
    const dead = this.#dead[which % Math.max(this.#dead.length, 1)]
    for (const key of dead?.owned ?? []) {
      const offset = this.#nextOffset++
      if (!dead!.client.commit(key, offset)) continue
      const others = [...this.clients.values()].filter(({ owned }) => owned.has(key))
      expect(others.length, `${key} is committed by one who lost it`).toBe(0)
      this.#committed.set(key, offset)
    }
  }

  /** Whoever is gone comes back to life, when all that it had is in other hands. */
  allZombies(): void {
    for (const which of this.#dead.keys()) this.zombie(which)
    this.checkOffsets()
  }

  checkOffsets(): void {
    const asked = { groupId: 'g', memberId: null, memberEpoch: -1, requireStable: true }
    const { topics } = this.talk.ask('fetch', { ...asked, topics: null }) as any
    const told = topics.flatMap(({ name, partitions }: any) =>
      partitions.map(({ partitionIndex, committedOffset }: any) => [
        `${name}/${partitionIndex}`,
        committedOffset,
      ]),
    )
    const sorted = (entries: Iterable<[string, number]>) => [...entries].map(String).sort()
    expect(sorted(told)).toEqual(sorted(this.#committed))
  }

  /** All read the same, and the coordinator assigns. */
  get isUniform(): boolean {
    const all = [...this.clients.values()]
    const topics = all.map(({ reads }) => JSON.stringify(reads))
    return new Set(topics).size === 1 && all.some((client) => client instanceof NewClient)
  }

  readable = (client: Client, reads: Reads): Reads =>
    client instanceof NewClient ? reads : { ...reads, regex: null }

  changeTopic(what: 'create' | 'grow' | 'delete', name: string): void {
    const { topics, talk } = this
    const known = topics.byName(name)
    if ((what === 'create') === (known !== undefined)) return
    topics.version++
    if (what === 'create') {
      const topicId = Buffer.alloc(16, ++this.#made).toString('base64url')
      topics.list = [...topics.list, { name, topicId, partitionCount: 3 }]
    } else if (what === 'grow') {
      topics.list = topics.list.map((topic) =>
        topic.name === name ? { ...topic, partitionCount: topic.partitionCount + 1 } : topic,
      )
    } else {
      topics.list = topics.list.filter((topic) => topic.name !== name)
      for (const key of this.#committed.keys())
        if (key.startsWith(`${name}/`)) this.#committed.delete(key)
      for (const client of this.clients.values())
        for (const key of client.owned)
          if (key.startsWith(`${name}/`)) (client.owned as Set<string>).delete(key)
    }
    talk.machine.state.topicsChanged([name], what === 'create')
    if (what === 'delete') talk.occur({ kind: 'topicsDeleted', topics: [known!] })
  }

  pass(ms: number): void {
    this.talk.advance(ms)
    for (const client of this.clients.values()) {
      if (this.talk.nowMs - client.heardMs > 5_000) client.live()
      this.hear()
    }
  }

  hear(): void {
    for (let heard = true; heard; ) {
      heard = false
      for (const client of this.clients.values()) if (client.hear()) heard = true
    }
    const held = [...this.clients.values()].flatMap(({ owned }) => [...owned])
    expect(new Set(held).size, 'a partition is in two hands').toBe(held.length)
  }

  settle(): void {
    // Classic leaders look at the topics themselves: they are made to, once.
    for (const client of this.clients.values())
      if (client instanceof ClassicClient) client.readAnew(client.reads)
    this.rest()
  }

  /** Time goes by until nothing changes any more. */
  rest(): void {
    for (let round = 0; round < 60; round++) {
      for (const client of this.clients.values()) {
        client.live()
        this.hear()
      }
      this.talk.advance(1_500)
      this.hear()
    }
  }

  /** Which partitions somebody reads. */
  wanted(): string[] {
    const all = [...this.clients.values()].map(({ reads }) => reads)
    const isRead = (name: string) =>
      all.some(
        ({ names, regex }) =>
          names.includes(name) || (regex !== null && new RegExp(`^(${regex})$`).test(name)),
      )
    return this.topics.list
      .filter(({ name }) => isRead(name))
      .flatMap(({ name, partitionCount }) =>
        Array.from({ length: partitionCount }, (_, partition) => `${name}/${partition}`),
      )
      .sort()
  }
}

test('a group of both protocols comes to rest with every partition that is read in one hand', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const play = new Play()
      for (const step of all) play.step(step)
      play.settle()
      const held = [...play.clients.values()].flatMap(({ owned }) => [...owned]).sort()
      expect(held).toEqual(play.wanted())
      play.allZombies()
      if (!play.isUniform) return
      const counts = [...play.clients.values()].map(({ owned }) => owned.size)
      expect(Math.max(...counts) - Math.min(...counts), 'balanced').toBeLessThanOrEqual(1)
    }),
    { numRuns: runs(100) },
  )
})

test('a group of both protocols keeps every partition where it is when another member goes', () => {
  const group = fc.record({
    kinds: fc.array(kind, { minLength: 1, maxLength: 4 }),
    goes: fc.nat(3),
    how: fc.constantFrom('leave' as const, 'die' as const),
  })
  fc.assert(
    fc.property(group, ({ kinds, goes, how }) => {
      const play = new Play()
      // The coordinator assigns as long as one member has the new protocol.
      for (const [who, each] of (['new', ...kinds] as const).entries()) {
        const reads = { names: ['ta', 'tb'], regex: null }
        play.step({ do: 'join', who, kind: each, isStatic: false, reads })
        play.rest()
      }
      const goesNow = 1 + (goes % kinds.length)
      const before = [...play.clients]
        .filter(([who]) => who !== goesNow)
        .map(([, client]) => [client, [...client.owned].sort()] as const)
      play.step({ do: how, who: goesNow })
      play.rest()
      for (const [client, owned] of before)
        expect([...client.owned].sort()).toEqual(expect.arrayContaining(owned))
      const held = [...play.clients.values()].flatMap(({ owned }) => [...owned]).sort()
      expect(held).toEqual(play.wanted())
    }),
    { numRuns: runs(40) },
  )
})
