/** Talks to a group machine as its shell would, and keeps what it writes. */
import type {
  ConversationKind,
  Conversations,
  GroupReply,
} from '../../../src/core/group/command.ts'
import { GroupMachine } from '../../../src/core/group/machine.ts'
import { decodeRecord, encodeRecord, type StoredRecord } from '../../../src/core/group/record.ts'
import { defaultSettings, type GroupSettings } from '../../../src/core/group/settings.ts'
import { SomeTopics } from './some-topics.ts'

export interface AskOptions {
  readonly version?: number
  readonly clientId?: string
}

const newest: Record<ConversationKind, number> = {
  join: 9,
  sync: 5,
  heartbeat: 4,
  leave: 5,
  consumerHeartbeat: 1,
  commit: 9,
  txnCommit: 5,
  fetch: 9,
  deleteOffsets: 0,
  describeClassic: 6,
  describeConsumer: 1,
  list: 5,
  delete: 2,
}

export type Answer<K extends ConversationKind> =
  | Conversations[K]['response']
  | { readonly refused: number }

export class Conversation {
  machine: GroupMachine
  nowMs = 1_000_000
  readonly log: StoredRecord[] = []
  readonly topics: SomeTopics
  readonly settings: GroupSettings
  /** So many records of one decision were encoded with it, and not in pieces before. */
  encodedAtOnceMax = 0
  readonly #answers = new Map<number, unknown>()
  #lastRequestId = 0

  constructor(settings: Partial<GroupSettings> = {}, topics = new SomeTopics([])) {
    this.settings = { ...defaultSettings, initialRebalanceDelayMs: 0, ...settings }
    this.topics = topics
    this.machine = new GroupMachine(this.settings, topics)
    this.machine.loaded(this.nowMs)
  }

  /** The answer, or the number of the request, to ask `answer` for it later. */
  send<K extends ConversationKind>(
    kind: K,
    request: Conversations[K]['request'],
    { version = newest[kind], clientId = 'client' }: AskOptions = {},
  ): number {
    const requestId = ++this.#lastRequestId
    const caller = {
      requestId,
      apiVersion: version,
      clientId,
      clientHost: '/127.0.0.1',
      entropy: Buffer.alloc(16, requestId),
    }
    this.#run({ kind, caller, request } as any)
    return requestId
  }

  /** Asks, and gives what is due at once the time it needs; `undefined` while the answer waits. */
  ask<K extends ConversationKind>(
    kind: K,
    request: Conversations[K]['request'],
    options?: AskOptions,
  ): Answer<K> | undefined {
    const requestId = this.send(kind, request, options)
    this.advance(0)
    return this.answer(requestId) as Answer<K> | undefined
  }

  answer(requestId: number): any {
    return this.#answers.get(requestId)
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms
    while (this.machine.nextDeadlineMs() <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.machine.nextDeadlineMs())
      this.#run({ kind: 'tick' })
    }
    this.nowMs = endMs
  }

  /** Handles so many of the deadlines that have passed. */
  tick(count: number): void {
    for (let i = 0; i < count && this.machine.nextDeadlineMs() <= this.nowMs; i++)
      this.#run({ kind: 'tick' })
  }

  occur(occurrence: { kind: 'expire'; groupId: string } | { kind: 'topicsDeleted'; topics: any }) {
    this.#run(occurrence)
  }

  /** A new machine that knows what the log says. */
  restart(): void {
    this.machine = this.reloaded()
    this.machine.loaded(this.nowMs)
  }

  reloaded(): GroupMachine {
    const machine = new GroupMachine(this.settings, this.topics)
    this.log.forEach((stored, offset) => {
      machine.apply(decodeRecord(stored)!, { offset, producerId: -1 })
    })
    return machine
  }

  #run(command: Parameters<GroupMachine['decide']>[0]): void {
    const decision = this.machine.decide(command, this.nowMs)
    const late = decision.records.filter((record) => !decision.encoded.has(record))
    this.encodedAtOnceMax = Math.max(this.encodedAtOnceMax, late.length)
    for (const record of decision.records) {
      const stored = decision.encoded.get(record) ?? encodeRecord(record)
      // Applied as it is read back: what is not in the bytes does not count.
      this.machine.apply(decodeRecord(stored)!, { offset: this.log.length, producerId: -1 })
      this.log.push(stored)
    }
    this.machine.settle(decision)
    for (const reply of decision.replies) this.#keep(reply)
  }

  #keep(reply: GroupReply): void {
    if (this.#answers.has(reply.requestId)) throw new Error(`Two answers to ${reply.requestId}`)
    this.#answers.set(
      reply.requestId,
      'refusal' in reply ? { refused: reply.refusal.errorCode } : reply.response,
    )
  }
}
