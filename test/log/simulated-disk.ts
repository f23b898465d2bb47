import type { Env } from '../../src/env/env.ts'
import { Host } from '../sim/host.ts'
import { Network } from '../sim/network.ts'
import { World } from '../sim/world.ts'

/** So much virtual time passes at most between two looks. */
const turnMs = 10
const turnsMax = 10_000

/** A host alone in its world: for logs on a disk in memory, under a virtual clock. */
export class LonelyHost {
  readonly world: World
  readonly host: Host

  constructor(seed: number) {
    this.world = new World(seed)
    this.host = new Host(this.world, new Network(this.world), 'host')
  }

  get env(): Env {
    return this.host.env
  }

  /** Runs the world until the promise is settled. Rejects when nothing can settle it any more. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let isDone = false
    const settled = promise.finally(() => {
      isDone = true
    })
    settled.catch(() => {})
    for (let turn = 0; turn < turnsMax; turn++) {
      // Promises settle between the events of the world, and before the first.
      await new Promise(setImmediate)
      await this.world.run(this.world.nowMs + turnMs, () => isDone)
      if (isDone) return settled
    }
    throw new Error('The promise does not settle')
  }
}
