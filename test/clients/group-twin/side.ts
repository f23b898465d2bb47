/** One of the two brokers of a conversation, what its actors know of themselves, and its answers with names in place of ids. */
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { Metadata } from '../../../protocol/messages/metadata.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { RawClient } from '../../broker/raw-client.ts'

export const noId = 'A'.repeat(22)
export const topics = { t: 12, u: 6 }

/** What an actor was told as a member of the group. */
export interface Known {
  memberId: string
  /** The id was given to it, and it has not joined yet. */
  isPending: boolean
  generation: number
  protocolName: string | null
  members: string[]
  owned: Record<string, number[]>
}

export interface Asked {
  readonly step: number
  answer?: unknown
}

export class Side {
  readonly name: string
  readonly port: number
  readonly #clients = new Map<string, RawClient>()
  readonly topicIds = new Map<string, string>()
  /** Member ids that a broker made to what they are called here. */
  readonly #names = new Map<string, string>()
  readonly #known = new Map<string, Known>()
  readonly #counts = new Map<string, number>()
  /** What each actor waits for. */
  readonly asked = new Map<string, Asked>()

  constructor(name: string, port: number) {
    this.name = name
    this.port = port
  }

  async client(actor: string): Promise<RawClient> {
    const known = this.#clients.get(actor)
    if (known && !known.closed) return known
    const client = await RawClient.connect(this.port)
    this.#clients.set(actor, client)
    return client
  }

  known(actor: string): Known {
    const known = this.#known.get(actor)
    if (known) return known
    const fresh: Known = {
      ...{ memberId: '', isPending: false, generation: -1, protocolName: null },
      ...{ members: [], owned: {} },
    }
    this.#known.set(actor, fresh)
    return fresh
  }

  /** The broker made this id for the actor. */
  learn(actor: string, id: string): void {
    if (id === '' || this.#names.has(id) || /^(foreign|own)/.test(id)) return
    const count = (this.#counts.get(actor) ?? 0) + 1
    this.#counts.set(actor, count)
    this.#names.set(id, `<${actor}#${count}>`)
  }

  topicOf(topicId: string): string {
    for (const [name, id] of this.topicIds) if (id === topicId) return name
    return topicId
  }

  /** A new conversation. */
  reset(): void {
    for (const client of this.#clients.values()) client.destroy()
    for (const map of [this.#clients, this.#names, this.#known, this.#counts, this.asked])
      map.clear()
  }

  async prepare(): Promise<void> {
    const client = await this.client('admin')
    const wanted = Object.entries(topics).map(([name, numPartitions]) => ({
      ...{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] },
    }))
    await client.ask(CreateTopics, 7, { topics: wanted, timeoutMs: 10_000, validateOnly: false })
    for (let attempt = 0; ; attempt++) {
      const asked = { key: '', keyType: 0, coordinatorKeys: ['x'] }
      const { coordinators } = await client.ask(FindCoordinator, 4, asked)
      const names = Object.keys(topics).map((name) => ({ topicId: noId, name }))
      const described = await client.ask(Metadata, 12, { topics: names })
      for (const { name, topicId } of described.topics) this.topicIds.set(name!, topicId)
      const isKnown = described.topics.every(({ errorCode }) => errorCode === 0)
      if (isKnown && coordinators[0]!.errorCode === 0 && (await this.#isServing(client))) return
      if (attempt === 100) throw new Error(`${this.name} has no group coordinator`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** All partitions of the journal are loaded: some of these groups are in each. */
  async #isServing(client: RawClient): Promise<boolean> {
    const groups = Array.from({ length: 64 }, (_, i) => ({
      ...{ groupId: `warm-${i}`, memberId: null, memberEpoch: -1, topics: null },
    }))
    const fetched = await client.ask(OffsetFetch, 9, { groups, requireStable: true })
    return fetched.groups!.every(({ errorCode }) => errorCode === 0)
  }

  /**
   * What must be the same on both sides: ids by name, lists in one order, no messages. `counting`: of
   * partitions only how many, where which ones depends on ids that the brokers draw.
   */
  canonical(value: any, counting: boolean): any {
    if (Buffer.isBuffer(value)) return value.toString('latin1').replace(/[^ -~]/g, '.')
    if (Array.isArray(value)) {
      const items = value.map((item) => JSON.stringify(this.canonical(item, counting)))
      return items.sort().map((item) => JSON.parse(item))
    }
    if (typeof value === 'bigint') return String(value)
    if (typeof value === 'string') return this.#named(value)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'errorMessage')
        .map(([key, field]) => [key, this.#field(key, field, counting)]),
    )
  }

  #field(key: string, field: any, counting: boolean): unknown {
    const isChosen = key === 'partitions' && typeof field?.[0] === 'number'
    if (counting && isChosen) return field.length
    if (counting && /assignment/i.test(key) && Buffer.isBuffer(field)) return 'bytes'
    return this.canonical(field, counting)
  }

  #named(text: string): string {
    let named = text
    for (const [id, name] of this.#names) named = named.replaceAll(id, name)
    for (const [name, id] of this.topicIds) named = named.replaceAll(id, `<${name}>`)
    return named.replace(/(raw|i-[xy])-[0-9a-f]{8}-[0-9a-f-]{27}/g, '<$1>')
  }
}
