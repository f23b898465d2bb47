/** A host of the simulated world: a clock of its own rate, a disk, one process at a time. */
import type { Clock, Env, Logger, Timers } from '../../src/env/env.ts'
import { MemoryDisk } from './memory-disk.ts'
import type { Network } from './network.ts'
import type { Process, World } from './world.ts'

export class Host {
  readonly name: string
  readonly process: Process
  readonly disk: MemoryDisk
  readonly #world: World
  readonly #network: Network
  /** How fast its clocks run: 1 is true time. */
  readonly rate: number
  /** Counts boots of the machine; the page cache is lost with each. */
  boots = 0

  constructor(world: World, network: Network, name: string, rate = 1) {
    this.#world = world
    this.#network = network
    this.name = name
    this.rate = rate
    this.process = world.process(name)
    this.disk = new MemoryDisk(world)
  }

  get env(): Env {
    const world = this.#world
    const { process, rate } = this
    const startMs = world.nowMs
    const clock: Clock = {
      monotonicMs: () => (world.nowMs - startMs) * rate + 1000,
      wallMs: () => Math.floor(1_700_000_000_000 + world.nowMs * rate),
    }
    const timers: Timers = {
      after(delayMs, run) {
        const event = world.after(delayMs / rate, 'timer', process, run)
        return {
          cancel: () => {
            event.cancelled = true
          },
        }
      },
      soon: (run) => {
        world.after(0, 'soon', process, run)
      },
    }
    const random = {
      float: () => world.random(),
      bytes: (size: number) =>
        Buffer.from(Array.from({ length: size }, () => Math.floor(world.random() * 256))),
    }
    const say = (level: string) => (message: string, fields?: object) =>
      world.note(`${process.name} ${level}: ${message} ${JSON.stringify(fields ?? {})}`)
    const log: Logger = {
      debug: () => undefined,
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
    }
    const files = this.disk.filesOf(process)
    return { clock, timers, random, files, net: this.#network.netOf(process), log }
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
