/** One end of a simulated connection, and what is on its way from it to the other. */
import type { Connection, ConnectionHandler, File } from '../../src/env/env.ts'
import type { CutMode, Tap } from './network.ts'
import { type Chance, inOrder, type Process, type World } from './world.ts'

/** What an end asks of its network. */
export interface Link {
  readonly world: World
  readonly ends: Set<End>
  readonly tap: Tap | undefined
  /** `from>to` */
  isBlocked(path: string): boolean
  delayMs(path: string): number
  takeCut(from: string, to: string, bytes: number): { bytes: number; mode: CutMode } | undefined
}

/** What a process sees of memory that is not its own any more. */
const poison = 0xa5
/** How often the kernel takes a write only later, and how long it waits then. */
const lateWrites = 0.05
const lateWriteMs = 2
/** How often the kernel takes less of a file than it is asked to send. */
const shortSends = 0.1
/** How often a write arrives in two pieces. */
const split = 0.05

interface Parcel {
  dueMs: number
  readonly kind: string
  readonly arrive: (peer: End) => void
}

export class End implements Connection {
  readonly id: number
  readonly remoteHost: string
  readonly remotePort: number
  localPort = 0
  readonly process: Process
  readonly life: number
  handler: (ConnectionHandler & { onConnect?(): void }) | undefined
  peer: End | undefined
  closed = false
  /** Carries nothing any more, and nobody was told. */
  #dead = false
  readonly #network: Link
  readonly #path: string
  readonly #chance: Chance
  #isReady = false
  #outbox: (() => void)[] = []
  #pausedInbox: Buffer[] | undefined
  #untaken = 0
  #untakenBytes = 0
  #lastArrivalMs = 0
  readonly #queue: Parcel[] = []
  #waitsForPath = false

  constructor(
    network: Link,
    process: Process,
    life: number,
    host: string,
    port: number,
    id: number,
  ) {
    this.#network = network
    this.#path = `${process.name}>${host}`
    this.#chance = network.world.stream(`net ${this.#path}`)
    this.process = process
    this.life = life
    this.remoteHost = host
    this.remotePort = port
    this.id = id
    network.ends.add(this)
  }

  get pendingBytes(): number {
    return this.#untakenBytes
  }

  get unsentBytes(): number {
    return this.#untakenBytes
  }

  get #world(): World {
    return this.#network.world
  }

  get #ended(): boolean {
    return this.closed || this.process.life !== this.life
  }

  /** Both ends exist: what was written before is sent. */
  ready(): void {
    this.#isReady = true
    for (const send of this.#outbox.splice(0)) send()
  }

  /** Behind a write that the kernel has not taken, every other waits too. */
  write(chunks: readonly Buffer[], onWritten?: () => void): boolean {
    if (this.process.life !== this.life) return true
    const now = Buffer.concat(chunks)
    if (!this.closed) this.#network.tap?.wrote(this, now)
    const late = this.#untaken > 0 || this.#chance.chance(lateWrites)
    if (!late) {
      this.#take(now)
      if (onWritten) this.#world.after(0, 'written', this.process, onWritten, inOrder)
      return true
    }
    const bytes = now.length
    this.#untaken++
    this.#untakenBytes += bytes
    const dueMs = Math.max(
      this.#lateUntilMs,
      this.#world.nowMs + this.#chance.between(0, lateWriteMs),
    )
    this.#lateUntilMs = dueMs
    this.#world.after(
      dueMs - this.#world.nowMs,
      'written',
      this.process,
      () => {
        this.#untaken--
        this.#untakenBytes -= bytes
        this.#take(Buffer.concat(chunks, bytes))
        onWritten?.()
        if (this.#untaken === 0 && !this.closed) this.handler?.onDrain?.()
      },
      inOrder,
    )
    return true
  }

  #lateUntilMs = 0

  /** The kernel mostly takes all of it. */
  sendFile(file: File, position: number, length: number): number {
    if (this.#ended || !this.#isReady || this.#untaken > 0) return 0
    const wanted = this.#chance.chance(shortSends) ? this.#chance.below(length) : length
    const bytes = Buffer.alloc(wanted)
    const sent = bytes.subarray(0, file.read(bytes, 0, wanted, position))
    this.#network.tap?.wrote(this, sent)
    if (sent.length > 0) this.#take(sent)
    return sent.length
  }

  #take(bytes: Buffer): void {
    if (this.closed) return
    if (this.#isReady) this.#send(bytes)
    else this.#outbox.push(() => this.#send(bytes))
  }

  pause(): void {
    this.#pausedInbox ??= []
  }

  resume(): void {
    const waiting = this.#pausedInbox ?? []
    this.#pausedInbox = undefined
    for (const bytes of waiting)
      this.#world.after(0, 'resumed', this.process, () => this.take(bytes), inOrder)
  }

  end(): void {
    this.#finish(undefined)
  }

  destroy(): void {
    if (this.process.life === this.life) this.#finish('ECONNRESET')
  }

  /** Its process is gone: nobody is told here, the peer is. */
  vanish(code: string): void {
    if (this.closed) return
    this.#leave()
    this.#tellPeer(code)
  }

  lost(code: string | undefined): void {
    if (this.#ended) return
    this.closed = true
    this.#network.ends.delete(this)
    const error = code === undefined ? undefined : Object.assign(new Error(code), { code })
    this.handler?.onClose(error)
  }

  take(bytes: Buffer): void {
    if (this.#ended) return
    if (this.#pausedInbox) {
      this.#pausedInbox.push(bytes)
      return
    }
    this.handler?.onData(bytes)
    bytes.fill(poison)
  }

  #finish(code: string | undefined): void {
    if (this.closed) return
    this.#leave()
    this.#tellPeer(code)
    this.#world.after(0, 'closed', this.process, () => this.handler?.onClose())
  }

  /** What waits for its path to open is delivered all the same, and the close behind it. */
  #leave(): void {
    this.closed = true
    if (!this.#waitsForPath) this.#network.ends.delete(this)
  }

  #send(bytes: Buffer): void {
    if (this.#dead) return
    const { remoteHost, process } = this
    const cut = this.#network.takeCut(process.name, remoteHost, bytes.length)
    let rest = cut ? bytes.subarray(0, cut.bytes) : bytes
    while (rest.length > 0) {
      const size = this.#chance.chance(split) ? 1 + this.#chance.below(rest.length) : rest.length
      const chunk = rest.subarray(0, size)
      rest = rest.subarray(size)
      this.#deliver(`data ${this.#path} ${chunk.length}`, (peer) => peer.take(chunk))
    }
    if (cut) this.#cut(cut.mode)
  }

  #cut(mode: CutMode): void {
    const { peer } = this
    this.#world.note(`connection ${this.id} ${this.#path} is cut (${mode})`)
    const tell = (end: End) =>
      this.#world.after(0, 'cut', end.process, () => end.lost('ECONNRESET'), inOrder)
    if (mode === 'reset' || mode === 'receiver')
      this.#deliver('cut', (other) => other.lost('ECONNRESET'))
    if (mode === 'reset' || mode === 'sender') tell(this)
    this.#dead = true
    if (peer) peer.#dead = true
  }

  #tellPeer(code: string | undefined): void {
    if (!this.#dead) this.#deliver('close', (peer) => peer.lost(code))
  }

  /** In order behind what was sent before; while the path is blocked it waits. */
  #deliver(kind: string, arrive: (peer: End) => void): void {
    if (this.peer === undefined) return
    const delayMs = this.#network.delayMs(this.#path)
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs + 0.001, this.#world.nowMs + delayMs)
    this.#queue.push({ dueMs: this.#lastArrivalMs, kind, arrive })
    if (this.#queue.length === 1) this.#schedule()
  }

  #schedule(): void {
    const head = this.#queue[0]
    if (head === undefined) return
    this.#world.afterUnseen(head.dueMs - this.#world.nowMs, 'arrive', () => this.#arrived())
  }

  #arrived(): void {
    const { peer } = this
    const head = this.#queue[0]
    if (peer === undefined || head === undefined) return
    if (this.#network.isBlocked(this.#path)) {
      this.#waitsForPath = true
      // Nobody looks for the path to open again once this end is gone.
      this.#network.ends.add(this)
      return
    }
    this.#queue.shift()
    this.#world.after(0, head.kind, peer.process, () => head.arrive(peer), inOrder)
    if (this.#queue.length > 0) this.#schedule()
    else if (this.closed) this.#network.ends.delete(this)
  }

  /** The path may be open again: what waits is sent once more. */
  unblocked(): void {
    if (!this.#waitsForPath || this.#network.isBlocked(this.#path)) return
    this.#waitsForPath = false
    this.#lastArrivalMs = this.#world.nowMs + this.#network.delayMs(this.#path)
    const head = this.#queue[0]
    if (head) head.dueMs = this.#lastArrivalMs
    this.#schedule()
  }
}
