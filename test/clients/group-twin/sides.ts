/** A real Kafka and Ottla with the same settings, each asked by a side of its own. */
import { startTargetOf, type Target } from '../target.ts'
import { Side } from './side.ts'

const groupSettings = {
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
  'group.consumer.min.assignment.interval.ms': '0',
}

export class Sides {
  #targets: Target[] = []
  #sides: Side[] = []

  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = { ...groupSettings, ...settings }
    const starting = (['kafka', 'ottla'] as const).map((kind) => startTargetOf(kind, all))
    const started = await Promise.allSettled(starting)
    // Also where the other did not start, so that it is removed.
    this.#targets = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    for (const one of started) if (one.status === 'rejected') throw one.reason
    this.#sides = this.#targets.map(({ kind, port }) => new Side(kind, port))
    await Promise.all(this.#sides.map((side) => side.prepare()))
  }

  /** Kafka's and Ottla's. */
  get both(): [Side, Side] {
    return this.#sides as [Side, Side]
  }

  async remove(): Promise<void> {
    for (const side of this.#sides) side.reset()
    await Promise.all(this.#targets.map((target) => target.remove()))
  }
}
