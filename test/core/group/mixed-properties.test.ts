/**
 * Members of both protocols in one group, static and not, that read different topics, by name and by
 * regular expression, while topics come, grow and go and the coordinator moves: nobody ever has what
 * another has, and when all is quiet each partition that is read has an owner that reads it.
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
  | { do: 'beat' | 'leave' | 'lose' | 'die'; who: number }
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
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(4_000) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    { weight: 1, arbitrary: topicStep('create' as const) },
    { weight: 1, arbitrary: topicStep('grow' as const) },
    { weight: 1, arbitrary: topicStep('delete' as const) },
  ),
  { maxLength: 80 },
)

class Play {
  readonly topics = new SomeTopics([])
  readonly talk = new Conversation(
    { consumerSessionTimeoutMs: 20_000, initialRebalanceDelayMs: 500 },
    this.topics,
  )
  readonly clients = new Map<number, Client>()
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
    else {
      const client = this.clients.get(step.who)
      if (!client) return
      if (step.do === 'read') client.readAnew(this.readable(client, step.reads))
      else if (step.do === 'beat') client.live()
      else if (step.do === 'lose') client.lose()
      else {
        if (step.do === 'leave') client.leave()
        this.clients.delete(step.who)
      }
    }
    this.hear()
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
    }),
    { numRuns: runs(100) },
  )
})
