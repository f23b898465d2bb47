/**
 * The simulated world: one virtual time, one queue of events, everything drawn from one seed.
 *
 * Processes run the real code on an Env of this world. A paused process finds its events waiting
 * when it goes on; a crashed one never hears of them. After each event all promises that it settled
 * have run before the next event begins, so that a seed gives the same run every time.
 */
import { createHash, type Hash } from 'node:crypto'
import { crc32c } from '../../protocol/crc32c.ts'

/** Events of one instant that share this tie happen in the order in which they were made. */
export const inOrder = 0.5

interface Event {
  readonly atMs: number
  readonly tie: number
  readonly sequence: number
  readonly process: Process | undefined
  readonly life: number
  readonly kind: string
  readonly run: () => void
  /** Of the world alone: no process sees it, and no promise waits for it. */
  readonly unseen: boolean
  cancelled: boolean
}

/** One process on one host. Its life ends with a crash; a restart begins another. */
export interface Process {
  readonly name: string
  /** Decides between events of one instant. */
  readonly ties: Chance
  /** Counts crashes: what belongs to an earlier life is dropped. */
  life: number
  alive: boolean
  paused: boolean
  held: Event[]
}

/** A sequence of draws of its own: what one part of the world draws changes nothing for the others. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    for (let i = 0; i < 8; i++) this.random()
  }

  /** Uniform in [0, 1) (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  between(min: number, max: number): number {
    return min + this.random() * (max - min)
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!
  }

  /** A number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.random() * count)
  }
}

/** With more of them in a millisecond, somebody runs in circles. */
const eventsPerMsMax = 20_000

export class World {
  nowMs = 0
  events = 0
  /** Of everything that happened: two runs of a seed must agree. */
  readonly #hash: Hash = createHash('sha256')
  /** What the hash has still to take in. */
  #happened = ''
  #eventsNow = 0
  #eventsNowMs = 0
  #trace: string[] = []
  /** Prints all that is noted, too. */
  onNote: ((line: string) => void) | undefined
  readonly #heap: Event[] = []
  readonly #seed: number
  readonly #streams = new Map<string, Chance>()
  readonly #ties: Chance
  #sequence = 0
  /** The first that was found; it ends the run. */
  failure: Error | undefined
  /** Checked after every event. */
  readonly invariants: ((process: Process | undefined, unseen: boolean) => void)[] = []

  /** Ends the run: only the first reason counts. */
  fail(reason: string): void {
    this.note(`VIOLATION ${reason}`)
    this.failure ??= new Error(reason)
  }

  constructor(seed: number) {
    this.#seed = (seed * 0x9e3779b1) >>> 0
    this.#ties = this.stream('ties')
  }

  /**
   * The draws for one purpose, by name. Keyed so that leaving out a fault does not change every later
   * delay: that is what lets a failing run be shrunk.
   */
  stream(name: string): Chance {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = new Chance(crc32c(Buffer.from(name), this.#seed))
      this.#streams.set(name, stream)
    }
    return stream
  }

  random(): number {
    return this.stream('world').random()
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  between(min: number, max: number): number {
    return min + this.random() * (max - min)
  }

  pick<T>(items: readonly T[]): T {
    return this.stream('world').pick(items)
  }

  process(name: string): Process {
    const ties = this.stream(`ties ${name}`)
    return { name, ties, life: 0, alive: true, paused: false, held: [] }
  }

  /** `process` undefined: the world itself acts. */
  after(
    delayMs: number,
    kind: string,
    process: Process | undefined,
    run: () => void,
    tie = (process?.ties ?? this.#ties).random(),
    unseen = false,
  ): Event {
    const event: Event = {
      atMs: this.nowMs + Math.max(0, delayMs),
      tie,
      sequence: this.#sequence++,
      process,
      life: process?.life ?? 0,
      kind,
      run,
      unseen,
      cancelled: false,
    }
    this.#push(event)
    return event
  }

  /** Something is on its way, and no process can know. */
  afterUnseen(delayMs: number, kind: string, run: () => void): void {
    this.after(delayMs, kind, undefined, run, this.#ties.random(), true)
  }

  note(text: string): void {
    const line = `${this.nowMs.toFixed(1).padStart(8)} ${text}`
    this.onNote?.(line)
    this.#trace.push(line)
    if (this.#trace.length > 800) this.#trace = this.#trace.slice(400)
  }

  /** The last things that happened, for a failure's report. */
  get trace(): readonly string[] {
    return this.#trace
  }

  digest(): string {
    return this.#hash.copy().update(this.#happened).digest('hex').slice(0, 16)
  }

  resume(process: Process): void {
    process.paused = false
    // In the order in which they came.
    for (const event of process.held.splice(0))
      this.after(0, event.kind, process, event.run, inOrder)
  }

  crash(process: Process): void {
    process.alive = false
    process.paused = false
    process.life++
    process.held = []
  }

  /** Runs events until the time has come, or until `stop` says so. */
  async run(untilMs: number, stop: () => boolean = () => false): Promise<void> {
    // Outside of any promise: within one, others cannot run before the next event.
    await new Promise<void>((resolve, reject) =>
      setImmediate(() => {
        try {
          this.#run(untilMs, stop)
          resolve()
        } catch (error) {
          reject(error)
        }
      }),
    )
  }

  #run(untilMs: number, stop: () => boolean): void {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > untilMs || stop()) break
      this.#pop()
      if (next.cancelled) continue
      this.nowMs = Math.max(this.nowMs, next.atMs)
      const { process, unseen } = next
      if (process !== undefined && (!process.alive || process.life !== next.life)) continue
      if (process?.paused) {
        process.held.push(next)
        continue
      }
      this.events++
      this.#eventsNow = next.atMs > this.#eventsNowMs + 1 ? 0 : this.#eventsNow + 1
      if (this.#eventsNow === 0) this.#eventsNowMs = next.atMs
      if (this.#eventsNow > eventsPerMsMax)
        this.fail(`V6: events without end: ${next.kind} of ${process?.name}`)
      this.#happened += `${next.atMs} ${process?.name} ${next.kind}\n`
      if (this.#happened.length > 10_000) {
        this.#hash.update(this.#happened)
        this.#happened = ''
      }
      next.run()
      if (!unseen) settle()
      for (const check of this.invariants) check(process, unseen)
      if (this.failure) throw this.failure
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  #push(event: Event): void {
    const heap = this.#heap
    heap.push(event)
    let i = heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (before(heap[parent]!, event)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(last, heap[child]!)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
  }
}

function before(a: Event, b: Event): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  return a.tie !== b.tie ? a.tie < b.tie : a.sequence < b.sequence
}

/**
 * Runs what promises wait for, until every one that can settle without another event has. It is what Node does
 * itself after each callback; a round of its loop for each event would take longer than most events.
 */
const settle = (process as unknown as { _tickCallback(): void })._tickCallback
