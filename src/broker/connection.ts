/**
 * One client's connection: whole frames in, answers out in the order of their requests (W-7).
 *
 * All frames of one read from the socket are handled in one go: Produce requests stage their
 * batches, one write per partition stores them, and all answers that are ready leave in one write.
 *
 * A request starts when those before it have been answered; only Produce and OffsetCommit start behind
 * each other: they append in their order, and their answers wait for their turn. (A fetch behind them would
 * read what it must not tell any more when its turn comes.) What arrives while a request waits is copied and queued, and a queue that is full, or a peer that does not read its
 * answers, stops the reading from the socket: TCP then holds the peer up and memory stays bounded.
 */
import { Reader } from '../../protocol/bytes.ts'
import { FrameMemory, FrameReader, FrameSizeError, type TakeFrame } from '../../protocol/frame.ts'
import type { Chunk } from '../../protocol/slab.ts'
import type { Connection, ConnectionHandler } from '../env/env.ts'
import type { Broker } from './broker.ts'
import type { Endpoint } from './config/listeners.ts'
import { dispatch, type Exchange, overlaps } from './dispatch.ts'
import { sendChunks } from './send-chunks.ts'

/** What one connection may hold before its socket is no longer read. */
export const backlogMax = {
  /** Requests that wait for those before them. */
  queuedRequests: 64,
  queuedBytes: 1 << 20,
  /** Answers that the peer has not read: no further request of it is started. */
  unreadBytes: 1 << 20,
  /** Requests under way: with more, producers are faster than the disk or the replicas. */
  requests: 1000,
}
/** Why connections are closed from here. `crowded`: requests that are not complete hold too much memory. */
export type ClosingKind = 'invalid' | 'incomplete' | 'crowded' | 'unread' | 'idle'

export type Backlog = Readonly<Record<keyof typeof backlogMax, number>>

/** For frames that span reads, of all connections: some for large batches of a few producers. */
export const frameMemory = new FrameMemory(8 << 20)

export class ClientConnection implements ConnectionHandler {
  readonly #broker: Broker
  readonly #connection: Connection
  readonly #frames: FrameReader
  readonly endpoint: Endpoint
  /** Requests whose answers have not left, in their order: a list, for it changes with each of them. */
  #first: Exchange | undefined
  #last: Exchange | undefined
  #exchanges = 0
  readonly #queue: Buffer[] = []
  #queuedBytes = 0
  /** Of an unfinished frame, as counted in the broker's input. */
  #unfinishedBytes = 0
  /** In answers that wait for those before them. */
  #readyBytes = 0
  #blockers = 0
  /** Requests that are not answered yet. */
  #unanswered = 0
  #paused = false
  #handling = false
  #advanceIsDue = false
  #closed = false
  #destroyed = false
  #whenClosed: Set<() => void> | undefined
  /** Monotonic: when what is done now began. */
  #nowMs = 0
  /** Monotonic times, for those who watch over connections. */
  lastActiveMs: number
  #frameBegunMs: number | undefined
  #unsentSeen = 0
  stuckSinceMs: number | undefined

  constructor(broker: Broker, connection: Connection, endpoint: Endpoint) {
    this.#broker = broker
    this.#connection = connection
    this.endpoint = endpoint
    this.#frames = new FrameReader(broker.config.get('socket.request.max.bytes'), frameMemory)
    this.lastActiveMs = broker.env.clock.monotonicMs()
  }

  get remoteHost(): string {
    return this.#connection.remoteHost
  }

  /** Of the frame that is under way. */
  get frameBytes(): number {
    return this.#frames.pendingBytes
  }

  /** Since when a frame is under way, whoever is to blame. */
  get unfinishedSinceMs(): number | undefined {
    return this.#unfinishedBytes > 0 ? this.#frameBegunMs : undefined
  }

  /** Since when the peer owes the rest of a frame; not while it is this side that does not read. */
  get frameBegunMs(): number | undefined {
    return this.#paused ? undefined : this.#frameBegunMs
  }

  get busy(): boolean {
    return this.#exchanges > 0
  }

  onData(chunk: Buffer): void {
    const nowMs = this.#broker.env.clock.monotonicMs()
    this.#broker.traffic.receivedBytes += chunk.length
    this.lastActiveMs = nowMs
    this.#nowMs = nowMs
    this.#handling = true
    try {
      this.#frames.each(chunk, this.#receive)
    } catch (error) {
      this.#refuse(error)
    }
    if (this.#frames.pendingBytes > 0) this.#frameBegunMs ??= nowMs
    this.#countUnfinished(this.#frames.pendingBytes)
    this.#settle()
    this.#frames.release()
  }

  space(): Buffer | undefined {
    return this.#closed || this.#destroyed ? undefined : this.#frames.space
  }

  onDrain(): void {
    this.#advance()
  }

  onClose(): void {
    this.#closed = true
    this.#queue.length = 0
    this.#countUnfinished(0)
    this.#broker.server.forget(this)
    for (let each = this.#takeAll(); each !== undefined; each = each.next) this.#drop(each)
    for (const run of [...(this.#whenClosed ?? [])]) run()
  }

  readonly whenClosed = (run: () => void): (() => void) => {
    this.#whenClosed ??= new Set()
    this.#whenClosed.add(run)
    return () => void this.#whenClosed?.delete(run)
  }

  #takeAll(): Exchange | undefined {
    const first = this.#first
    this.#first = undefined
    this.#last = undefined
    this.#exchanges = 0
    return first
  }

  /** An answer that nobody will read. */
  #drop({ chunks, sent }: Exchange): void {
    if (chunks === undefined) return
    this.#broker.output.remove(chunks)
    sent?.()
  }

  #countUnfinished(bytes: number): void {
    if (bytes === this.#unfinishedBytes) return
    const { input, server } = this.#broker
    input.change(bytes - this.#unfinishedBytes)
    this.#unfinishedBytes = bytes
    if (bytes > 0 && input.excessBytes > 0) server.makeRoom()
  }

  /** Ends this connection at once; the reason is for the log, the kind of it is counted. */
  destroy(reason: string, kind?: ClosingKind): void {
    if (this.#closed) return
    if (kind !== undefined && !this.#destroyed) this.#broker.server.closed[kind]++
    this.#destroyed = true
    this.#broker.env.log.debug('Closed a connection', { peer: this.remoteHost, reason })
    this.#countUnfinished(0)
    this.#connection.destroy()
  }

  /** Notes whether the peer reads its answers; called from time to time. */
  watch(nowMs: number): void {
    const unsent = this.#connection.unsentBytes
    const stuck = unsent > 0 && unsent === this.#unsentSeen
    this.stuckSinceMs = stuck ? (this.stuckSinceMs ?? nowMs) : undefined
    this.#unsentSeen = unsent
  }

  readonly #receive: TakeFrame = (bytes, start, end) => {
    if (this.#closed) return
    this.#frameBegunMs = undefined
    if (this.#queue.length > 0 || !this.#mayStart(bytes, start, end)) {
      // The frame's memory belongs to the socket's buffer: what waits is copied.
      this.#queue.push(Buffer.from(bytes.subarray(start, end)))
      this.#queuedBytes += end - start
    } else {
      this.#start(bytes, start, end)
    }
  }

  #mayStart(bytes: Buffer, start: number, end: number): boolean {
    return !this.#isHeld() && (this.#unanswered === 0 || overlaps(bytes, start, end))
  }

  // Methods, as are those below: private getters are calls into the runtime of V8, and these run for each request.
  #isHeld(): boolean {
    return this.#blockers > 0 || this.#unreadBytes() > backlogMax.unreadBytes
  }

  #unreadBytes(): number {
    return this.#connection.pendingBytes + this.#readyBytes
  }

  get backlog(): Backlog {
    return {
      queuedRequests: this.#queue.length,
      queuedBytes: this.#waitingBytes(),
      unreadBytes: this.#unreadBytes(),
      requests: this.#exchanges,
    }
  }

  #waitingBytes(): number {
    // A frame that would have to wait when it is whole counts already.
    const waits = this.#isHeld() || this.#queue.length > 0
    return this.#queuedBytes + (waits ? this.#frames.pendingBytes : 0)
  }

  #isFull(): boolean {
    return (
      this.#queue.length >= backlogMax.queuedRequests ||
      this.#waitingBytes() >= backlogMax.queuedBytes ||
      this.#unreadBytes() > backlogMax.unreadBytes ||
      this.#exchanges >= backlogMax.requests
    )
  }

  #start(bytes: Buffer, start: number, end: number): void {
    const exchange = dispatch(this.#broker, this, new Reader(bytes, start, end), this.#nowMs)
    if (this.#last === undefined) this.#first = exchange
    else this.#last.next = exchange
    this.#last = exchange
    this.#exchanges++
    this.#unanswered++
    if (exchange.blocking) {
      this.#broker.appends.write()
      this.#blockers++
    }
    const held = exchange.begin()
    if (held !== undefined) this.#holdUntil(held)
  }

  /** A request that is not done with what has to be done in order. */
  #holdUntil(done: Promise<void>): void {
    this.#blockers++
    void done.finally(() => {
      this.#blockers--
      this.#advance()
    })
  }

  /** By the exchange itself. */
  answered(exchange: Exchange): void {
    const chunks = exchange.chunks as readonly Chunk[]
    if (exchange.blocking) this.#blockers--
    this.#unanswered--
    this.#readyBytes += bytesOf(chunks)
    this.#broker.output.add(chunks)
    if (exchange.closes) this.#connection.destroy()
    if (this.#closed) this.#drop(exchange)
    else if (!this.#handling) this.#advanceSoon()
  }

  /** Whoever answers one of several requests is likely to answer more of them in one go. */
  #advanceSoon(): void {
    if (this.#exchanges === 1) this.#advance()
    else if (!this.#advanceIsDue) {
      this.#advanceIsDue = true
      queueMicrotask(() => {
        this.#advanceIsDue = false
        this.#advance()
      })
    }
  }

  /** Answers what is ready, and starts what was held up. */
  #advance(): void {
    if (this.#closed || this.#handling) return
    this.#handling = true
    this.#nowMs = this.#broker.env.clock.monotonicMs()
    this.#settle()
  }

  #settle(): void {
    try {
      do {
        this.#broker.appends.write()
        this.#flush()
      } while (this.#startQueued())
    } catch (error) {
      this.#refuse(error)
    }
    this.#handling = false
    const stop = this.#isFull()
    if (stop !== this.#paused && !this.#closed) this.#pause(stop)
  }

  #pause(stop: boolean): void {
    this.#paused = stop
    if (stop) {
      this.#broker.server.heldUp(this.backlog)
      this.#connection.pause()
      return
    }
    if (this.#frames.pendingBytes > 0) this.#frameBegunMs = this.#broker.env.clock.monotonicMs()
    this.#connection.resume()
  }

  /** Starts queued requests until one holds up the rest; false when none could be started. */
  #startQueued(): boolean {
    if (this.#queue.length === 0) return false
    let started = 0
    while (started < this.#queue.length && !this.#closed) {
      const frame = this.#queue[started] as Buffer
      if (!this.#mayStart(frame, 0, frame.length)) break
      started++
      this.#queuedBytes -= frame.length
      this.#start(frame, 0, frame.length)
    }
    this.#queue.splice(0, started)
    return started > 0
  }

  /** Sends the answers that are ready and next in order, in one write. */
  #flush(): void {
    let each = this.#first
    if (each?.chunks === undefined) return
    const { env, output, traffic } = this.#broker
    const nowMs = env.clock.monotonicMs()
    const chunks: Chunk[] = []
    let sent: (() => void)[] | undefined
    while (each?.chunks !== undefined) {
      const instead = each.recheck()
      if (instead !== undefined) {
        output.remove(each.chunks)
        output.add(instead)
        this.#readyBytes += bytesOf(instead) - bytesOf(each.chunks)
      }
      traffic.answered(each.apiKey, nowMs - each.begunMs)
      for (const chunk of instead ?? each.chunks) chunks.push(chunk)
      if (each.sent !== undefined) {
        sent ??= []
        sent.push(each.sent)
      }
      // A dead one must not keep those behind it alive until the next full collection.
      const { next }: Exchange = each
      each.next = undefined
      each = next
      this.#exchanges--
    }
    this.#first = each
    if (each === undefined) this.#last = undefined
    const bytes = bytesOf(chunks)
    this.#readyBytes -= bytes
    if (chunks.length === 0) return
    traffic.sentBytes += bytes
    const written = () => {
      output.remove(chunks)
      if (sent !== undefined) for (const run of sent) run()
    }
    try {
      sendChunks(this.#connection, chunks, written)
    } catch (error) {
      written()
      const message = (error as Error).message
      env.log.error('An answer cannot be read', { message })
      this.destroy(message)
    }
  }

  /** Bytes that are no request: the connection cannot be understood any further. */
  #refuse(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const { server, traffic } = this.#broker
    if (error instanceof FrameSizeError) traffic.requestBytes.refused++
    server.refused(this.remoteHost, reason)
    this.destroy(reason, 'invalid')
  }
}

function bytesOf(chunks: readonly Chunk[]): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.length
  return bytes
}
