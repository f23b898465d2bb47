/** A host of the simulated world: a clock of its own rate, a disk, one process at a time. */
import type { Clock, Env, Logger, Timers } from '../../src/env/env.ts'
import { MemoryDisk } from './memory-disk.ts'
import type { Network } from './network.ts'
import type { Process, World } from './world.ts'

/** 2023: every host's wall clock begins here. */
const epochMs = 1_700_000_000_000

export class Host {
  readonly name: string
  readonly process: Process
  readonly disk: MemoryDisk
  readonly #world: World
  readonly #network: Network
  /** How fast its clocks run: 1 is true time. */
  readonly rate: number
  /** By how much somebody has set its wall clock. */
  wallOffsetMs = 0
  /** What its processes take for their memory. */
  memoryBytes = 2 ** 30
  /** Counts boots of the machine; the page cache is lost with each. */
  boots = 0
  /** Lines of level error, of all its processes. */
  readonly errors: string[] = []

  constructor(world: World, network: Network, name: string, rate = 1) {
    this.#world = world
    this.#network = network
    this.name = name
    this.rate = rate
    this.process = world.process(name)
    this.disk = new MemoryDisk(world, name)
  }

  /** For the process that starts now. When it has ended, nothing that it still does has an effect. */
  get env(): Env {
    const world = this.#world
    const { process, rate } = this
    const { life } = process
    const ended = () => process.life !== life
    const startMs = world.nowMs
    const clock: Clock = {
      monotonicMs: () => (world.nowMs - startMs) * rate + 1000,
      wallMs: () => Math.floor(epochMs + this.wallOffsetMs + world.nowMs * rate),
    }
    const timers: Timers = {
      after(delayMs, run) {
        if (ended()) return { cancel: () => undefined }
        // As Node's: no timer runs within less than a millisecond.
        const event = world.after(Math.max(1, delayMs) / rate, 'timer', process, run)
        return {
          cancel: () => {
            event.cancelled = true
          },
        }
      },
      soon: (run) => {
        if (!ended()) world.after(0, 'soon', process, run)
      },
    }
    const draws = world.stream(`random ${this.name}`)
    const random = {
      float: () => draws.random(),
      bytes: (size: number) => Buffer.from(Array.from({ length: size }, () => draws.below(256))),
    }
    const bootId = Buffer.alloc(16, this.boots + 1).toString('hex')
    this.disk.virtual.set('/proc/sys/kernel/random/boot_id', Buffer.from(bootId))
    const files = this.disk.filesOf(process)
    const net = this.#network.netOf(process)
    return { clock, timers, random, files, net, log: this.#log(), memoryBytes: this.memoryBytes }
  }

  #log(): Logger {
    const { process } = this
    const { life } = process
    const say = (level: string) => (message: string, fields?: object) => {
      if (process.life !== life) return
      const line = `${process.name} ${level}: ${message} ${textOf(fields)}`
      if (level === 'error') this.errors.push(line)
      this.#world.note(line)
    }
    return { debug: () => undefined, info: say('info'), warn: say('warn'), error: say('error') }
  }

  /** kill -9: what was written stays. */
  crash(): void {
    const { life } = this.process
    this.#world.note(`${this.name} crashes`)
    this.#world.crash(this.process)
    this.#network.crashed(this.process, life)
  }

  /** The machine loses power: what was not synced is gone, in part or all. */
  powerLoss(): void {
    this.crash()
    this.boots++
    this.disk.powerLoss()
  }

  revive(): void {
    this.process.alive = true
  }

  pause(forMs: number): void {
    if (!this.process.alive || this.process.paused) return
    this.#world.note(`${this.name} is paused for ${Math.round(forMs)} ms`)
    this.process.paused = true
    const { life } = this.process
    this.#world.after(forMs, 'resume', undefined, () => {
      if (this.process.life === life) this.#world.resume(this.process)
    })
  }
}

function textOf(fields: object | undefined): string {
  if (fields === undefined) return ''
  return JSON.stringify(fields, (_, value) => (value instanceof Error ? value.message : value))
}
