/**
 * Runs the groups of one partition of `__consumer_offsets` over its log.
 *
 * A command is decided and applied at once, and its records are appended at the end of the turn of
 * the event loop, together with those of all other commands of the turn: one batch, one write. Every
 * answer waits until what it rests on is committed, also one that wrote nothing itself.
 *
 * What cannot be written is refused before it is applied. When that turns out only afterwards, by a
 * failed write, the machine knows more than the log: it is dropped, and whoever runs this loads the
 * log anew.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type {
  ConversationKind,
  Conversations,
  GroupCommand,
  GroupDecision,
  GroupReply,
  Occurrence,
  RequestCommand,
} from '../../core/group/command.ts'
import type { GroupMachine } from '../../core/group/machine.ts'
import { encodeRecord, type StoredRecord } from '../../core/group/record.ts'
import { Refusal } from '../../core/group/refusal.ts'
import type { Env, Timer } from '../../env/env.ts'
import { groupBatch, type Transaction } from './group-batch.ts'
import type { Journal } from './journal.ts'
import { journalError } from './journal-error.ts'
import { loadBatches } from './load-groups.ts'

/** Who sends a request, as far as groups show it. */
export interface Client {
  readonly apiVersion: number
  readonly clientId: string
  readonly clientHost: string
}

/** Deadlines handled in one turn of the event loop: thousands may pass at once after a pause. */
const ticksPerTurn = 200
/** … and how long others wait meanwhile. A deadline may be a piece of a long computation. */
const tickTurnMs = 5
/** What a record takes in a batch besides key and value, at most. */
const recordOverheadBytes = 32
const batchOverheadBytes = 61
const noEntropy = Buffer.alloc(0)
/** A timer cannot be set further away than this. */
const timerMsMax = 2 ** 31 - 1

/**
 * A timer that is so late tells of a process that stood still. What members sent meanwhile lies in the
 * sockets: it is read, and whoever had to connect anew is heard of, before anybody is put out.
 */
const lateMsMax = 1_000
const graceMs = 5_000

/** How soon it is looked again whether what is due can be written. */
const unwritableDelayMs = 1_000
/**
 * Deciding these changes who waits and who is a member before anything is written: they are refused
 * beforehand when nothing can be written. To all others a refusal afterwards leaves no trace.
 */
const changesVolatileState: ReadonlySet<GroupCommand['kind']> = new Set(['join', 'sync', 'leave'])

/** Their records need not be in one batch: each stands for itself, and what is left comes up again. */
const writtenInParts: ReadonlySet<GroupCommand['kind']> = new Set(['expire', 'topicsDeleted'])

/** Who waits for an answer; one of the two is called once. */
export interface Asker<K extends ConversationKind> {
  resolve(response: Conversations[K]['response']): void
  reject(refusal: Refusal): void
}

export interface RuntimeEvents {
  /** There is something for `flush`, which is to be called at the end of this turn. */
  flushIsDue(runtime: GroupRuntime): void
  /** The machine was dropped because of this error, which is not the end of leadership. */
  failed(errorCode: number): void
}

export class GroupRuntime {
  readonly machine: GroupMachine
  readonly #journal: Journal
  readonly #env: Env
  readonly #nowMs: () => number
  readonly #events: RuntimeEvents
  readonly #waiting = new Map<number, Asker<any>>()
  #state: 'loading' | 'serving' | 'ended' = 'loading'
  #endedWith: number = ErrorCode.NOT_COORDINATOR
  #lastRequestId = 0
  /** Applied, and not appended yet. */
  #records: StoredRecord[] = []
  #recordsBytes = batchOverheadBytes
  #replies: GroupReply[] = []
  #flushIsDue = false
  #timer: { atMs: number; timer: Timer } | undefined
  /** No deadline counts before this time. */
  #graceEndMs = -Infinity
  /** What happened while the log was read, or after it could not be written. */
  #missed: Occurrence[] = []

  constructor(
    machine: GroupMachine,
    journal: Journal,
    env: Env,
    nowMs: () => number,
    events: RuntimeEvents,
  ) {
    this.machine = machine
    this.#journal = journal
    this.#env = env
    this.#nowMs = nowMs
    this.#events = events
  }

  get isServing(): boolean {
    return this.#state === 'serving'
  }

  get waitingRequests(): number {
    return this.#waiting.size
  }

  async load(): Promise<void> {
    await this.#journal.load((batches) => {
      if (this.#state === 'loading') loadBatches(this.machine, batches, this.#env.log)
    })
    if (this.#state !== 'loading') return
    this.#state = 'serving'
    const decision = this.machine.loaded(this.#nowMs())
    this.#carryOut(decision, decision.records.map(encodeRecord))
    for (const occurrence of this.#missed.splice(0)) this.occur(occurrence)
  }

  /** @throws Refusal (rejects with it) */
  submit<K extends ConversationKind>(
    kind: K,
    request: Conversations[K]['request'],
    client: Client,
  ): Promise<Conversations[K]['response']> {
    return new Promise((resolve, reject) => this.ask(kind, request, client, { resolve, reject }))
  }

  /** As `submit`, without the cost of a promise. */
  ask<K extends ConversationKind>(
    kind: K,
    request: Conversations[K]['request'],
    client: Client,
    asker: Asker<K>,
  ): void {
    if (this.#state !== 'serving') {
      asker.reject(this.#unavailable())
      return
    }
    const unwritable = changesVolatileState.has(kind) ? this.#journal.appendError() : ErrorCode.NONE
    if (unwritable !== ErrorCode.NONE) {
      asker.reject(notWritten(unwritable))
      return
    }
    const requestId = ++this.#lastRequestId
    this.#waiting.set(requestId, asker)
    const mayMakeMember = kind === 'join' || kind === 'consumerHeartbeat'
    const needsId = mayMakeMember && (request as { readonly memberId: string }).memberId === ''
    const entropy = needsId ? this.#env.random.bytes(16) : noEntropy
    const { apiVersion, clientId, clientHost } = client
    const caller = { requestId, apiVersion, clientId, clientHost, entropy }
    this.#run({ kind, caller, request } as unknown as RequestCommand)
  }

  /** Something that nobody waits for. */
  occur(occurrence: Occurrence): void {
    if (this.#state === 'serving') this.#run(occurrence)
    else this.#missed.push(occurrence)
  }

  /** For whoever takes over from here. */
  get missed(): readonly Occurrence[] {
    return this.#missed
  }

  /**
   * Appends what was applied. To be called before somebody else appends to the log, a transaction's
   * marker: the order in the log is the order in which it was applied.
   */
  flush(): void {
    if (!this.#flushIsDue) return
    this.#flushIsDue = false
    if (this.#state === 'ended') return
    const records = this.#records
    const replies = this.#replies
    this.#records = []
    this.#recordsBytes = batchOverheadBytes
    this.#replies = []
    if (records.length > 0 || replies.length > 0) this.#append(records, replies)
  }

  #append(
    records: readonly StoredRecord[],
    replies: readonly GroupReply[],
    transaction?: Transaction,
  ): void {
    if (records.length > 0) {
      const batch = groupBatch(records, this.#nowMs(), transaction)
      const errorCode = this.#journal.append(batch)
      if (errorCode !== ErrorCode.NONE) {
        this.#fail(replies, errorCode)
        return
      }
    }
    this.#journal.whenCommitted(this.#journal.endOffset, (errorCode) => {
      if (errorCode === ErrorCode.NONE) this.#send(replies)
      // Not replicated in time: it may be later, so the state stands, and nobody is told success.
      else if (errorCode === ErrorCode.REQUEST_TIMED_OUT) this.#sendError(replies, errorCode)
      else this.#fail(replies, errorCode)
    })
  }

  /** Leadership is gone: whoever waits is told to ask elsewhere. */
  end(errorCode: number = ErrorCode.NOT_COORDINATOR): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#endedWith = errorCode
    this.#timer?.timer.cancel()
    const message = 'The group coordinator of this group has moved or failed'
    for (const { reject } of this.#waiting.values()) reject(new Refusal(errorCode, message))
    this.#waiting.clear()
  }

  #unavailable(): Refusal {
    return this.#state === 'loading'
      ? new Refusal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'The groups are being loaded')
      : new Refusal(this.#endedWith, 'The groups are not here any more')
  }

  #run(command: GroupCommand) {
    const decision = this.machine.decide(command, this.#nowMs())
    const { encoded } = decision
    const stored = decision.records.map((record) => encoded.get(record) ?? encodeRecord(record))
    if (writtenInParts.has(command.kind)) return this.#runInParts(decision, stored)
    const errorCode = stored.length > 0 ? this.#room(stored) : ErrorCode.NONE
    if (errorCode !== ErrorCode.NONE) this.#drop(command, decision, errorCode)
    else if (command.kind !== 'txnCommit') this.#carryOut(decision, stored)
    else {
      const { producerId, producerEpoch } = command.request
      this.#carryOut(decision, stored, { producerId, producerEpoch })
    }
  }

  #runInParts(decision: GroupDecision, stored: readonly StoredRecord[]) {
    const none = { records: [], encoded: decision.encoded, replies: [], after: [], isWhole: true }
    for (const [i, record] of decision.records.entries()) {
      const one = stored.slice(i, i + 1)
      if (this.#room(one) !== ErrorCode.NONE) return this.#arm()
      this.#carryOut({ ...none, records: [record] }, one)
    }
    this.#carryOut({ ...decision, records: [] }, [])
  }

  /** Nothing of the decision happens. */
  #drop(command: GroupCommand, { replies, isWhole }: GroupDecision, errorCode: number): void {
    const isHalfDone = command.kind === 'tick' ? !isWhole : changesVolatileState.has(command.kind)
    if (isHalfDone) this.#fail(replies, errorCode)
    else this.#sendError(replies, errorCode)
    this.#arm()
  }

  #carryOut(
    decision: GroupDecision,
    stored: readonly StoredRecord[],
    transaction?: Transaction,
  ): void {
    // Records of a transaction are a batch of their own.
    if (transaction) this.flush()
    const firstOffset = this.#journal.endOffset + this.#records.length
    decision.records.forEach((record, i) => {
      this.machine.apply(record, {
        offset: firstOffset + i,
        producerId: transaction?.producerId ?? -1,
      })
    })
    this.machine.settle(decision)
    if (transaction) {
      this.#append(stored, decision.replies, transaction)
      return
    }
    for (const record of stored) {
      this.#records.push(record)
      this.#recordsBytes += bytesOf(record)
    }
    this.#replies.push(...decision.replies)
    this.#flushSoon()
    this.#arm()
  }

  /** Why these records cannot be written: asked before they are applied. */
  #room(stored: readonly StoredRecord[]): number {
    // What was true for the first record of a turn counts for all of them.
    const errorCode = this.#records.length === 0 ? this.#journal.appendError() : ErrorCode.NONE
    if (errorCode !== ErrorCode.NONE) return errorCode
    let bytes = 0
    for (const record of stored) bytes += bytesOf(record)
    if (bytes + batchOverheadBytes > this.#journal.batchBytesMax) return ErrorCode.MESSAGE_TOO_LARGE
    if (bytes + this.#recordsBytes > this.#journal.batchBytesMax) this.flush()
    return ErrorCode.NONE
  }

  #flushSoon(): void {
    if (this.#flushIsDue) return
    if (this.#records.length === 0 && this.#replies.length === 0) return
    this.#flushIsDue = true
    this.#events.flushIsDue(this)
  }

  #send(replies: readonly GroupReply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.requestId)
      this.#waiting.delete(reply.requestId)
      if ('refusal' in reply) waiting?.reject(reply.refusal)
      else waiting?.resolve(reply.response)
    }
  }

  #sendError(replies: readonly GroupReply[], errorCode: number): void {
    const refusal = notWritten(errorCode)
    for (const { requestId } of replies) {
      this.#waiting.get(requestId)?.reject(refusal)
      this.#waiting.delete(requestId)
    }
  }

  #fail(replies: readonly GroupReply[], errorCode: number): void {
    this.#sendError(replies, errorCode)
    if (this.#state === 'ended') return
    this.end(journalError(errorCode))
    this.#events.failed(errorCode)
  }

  #arm(): void {
    if (this.#state !== 'serving') return
    const atMs = Math.max(this.machine.nextDeadlineMs(), this.#graceEndMs)
    if (atMs === Infinity || (this.#timer && this.#timer.atMs <= atMs)) return
    this.#armAt(atMs)
  }

  #armAt(atMs: number): void {
    this.#timer?.timer.cancel()
    const nowMs = this.#nowMs()
    const delayMs = Math.min(Math.max(atMs - nowMs, 0), timerMsMax)
    const timer = this.#env.timers.after(delayMs, () => this.#tick(nowMs + delayMs))
    this.#timer = { atMs, timer }
  }

  #tick(dueMs: number): void {
    this.#timer = undefined
    if (this.#nowMs() - dueMs > lateMsMax) {
      this.#graceEndMs = this.#nowMs() + graceMs
      this.#arm()
      return
    }
    // Nobody is put out while that cannot be written; whoever is heard of meanwhile stays.
    if (this.#journal.appendError() !== ErrorCode.NONE) {
      this.#armAt(this.#nowMs() + unwritableDelayMs)
      return
    }
    const { clock } = this.#env
    const endMs = clock.monotonicMs() + tickTurnMs
    for (let i = 0; i < ticksPerTurn && this.#state === 'serving'; i++) {
      if (this.machine.nextDeadlineMs() > this.#nowMs()) break
      this.#run({ kind: 'tick' })
      if (clock.monotonicMs() >= endMs) break
    }
    this.#arm()
  }
}

const notWritten = (errorCode: number) =>
  new Refusal(journalError(errorCode), 'What was decided could not be written')

const bytesOf = ({ key, value }: StoredRecord) =>
  key.length + (value?.length ?? 0) + recordOverheadBytes
