/** One request of a conversation, drawn by chance, the same for both sides. */
import type { Known, Side } from './side.ts'

export interface Step {
  readonly what: string
  readonly api: any
  readonly version: number
  build(side: Side): any
  /** What the actor takes from the answer. */
  hear?(side: Side, answer: any): void
}

export interface Mode {
  readonly name: string
  /** How many of the members' requests are of the classic protocol. */
  readonly classic: number
  readonly statics: number
  readonly assignor: 'uniform' | 'range'
  /** Subscriptions that cannot be read. */
  readonly garbage: number
}

/** Mulberry32: the same numbers for the same seed. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  is(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!
  }
}

/** What is drawn for every step. */
export interface Setting {
  readonly chance: Chance
  readonly mode: Mode
  readonly actor: string
  readonly group: string
  readonly instanceId: string | null
  /** Speaks with an id that is no member's. */
  readonly foreign: boolean
  /** Added to the generation or epoch that the actor knows. */
  readonly off: number
}

export const known = ({ actor }: Setting, side: Side): Known => side.known(actor)
export const memberId = (setting: Setting, side: Side): string =>
  setting.foreign ? 'foreign' : known(setting, side).memberId
