/** What a seed says about a run, before its faults. Plain data: it is printed and kept with a failure. */
import { Chance } from './world.ts'

export interface Options {
  readonly brokers: number
  readonly partitions: number
  readonly minInsyncReplicas: number
  /** Records are synced before they are acknowledged (`flush.messages=1`). */
  readonly durable: boolean
  readonly leaseMs: number
  readonly lagMaxMs: number
  /** How fast each host's clock runs: the coordinator first. A hundredth off is the most that is assumed. */
  readonly rates: readonly number[]
  readonly syncMs: number
  /** How often a message takes up to a second. */
  readonly tail: number
  readonly producers: number
  readonly perSecond: number
  /** How long faults go on after the topic was made. */
  readonly faultsMs: number
  /** What each producer asks for; the first always for all. */
  readonly acks: readonly (-1 | 0 | 1)[]
  /** So small that logs roll while they are written. */
  readonly segmentBytes: number
  /** What brokers take for their memory: with little of it, reads go to the disk. */
  readonly memoryBytes: number
  /** Topics are made and deleted, replicas moved, leaders elected, configurations changed meanwhile. */
  readonly admin: boolean
  /** Members of groups read along, and commit. */
  readonly groups: boolean
  /** Records are deleted, by DeleteRecords and by retention, while they are written and read. */
  readonly trims: boolean
}

/** What plans have that were kept before there was a choice. */
export const plain = {
  acks: [],
  segmentBytes: 2 ** 30,
  memoryBytes: 2 ** 30,
  admin: false,
  groups: false,
  trims: false,
} satisfies Partial<Options>

export function drawOptions(seed: number): Options {
  const draw = new Chance(seed * 7919 + 17)
  const brokers = draw.pick([2, 3, 3, 3, 3, 4])
  const options: Omit<Options, 'trims'> = {
    brokers,
    partitions: draw.pick([1, 2, 3, 4]),
    minInsyncReplicas: draw.pick([1, 2, 2]),
    durable: draw.chance(0.35),
    leaseMs: draw.pick([300, 600, 600, 2000]),
    lagMaxMs: draw.pick([500, 1500, 3000]),
    rates: Array.from({ length: brokers + 1 }, () => 1 + draw.between(-0.009, 0.009)),
    syncMs: draw.pick([0.5, 0.5, 5, 30]),
    tail: draw.pick([0, 0, 0.0005, 0.005]),
    producers: draw.pick([1, 2, 2, 3]),
    perSecond: draw.pick([10, 20, 40]),
    faultsMs: draw.pick([6000, 10_000]),
    acks: [-1, draw.pick([-1, -1, 0, 1]), draw.pick([-1, 1])],
    segmentBytes: draw.pick([2 ** 30, 2 ** 30, 2 ** 14, 2 ** 11]),
    memoryBytes: draw.pick([2 ** 30, 2 ** 30, 2 ** 15]),
    admin: draw.chance(0.3),
    groups: draw.chance(0.2),
  }
  // What came later is drawn last: all else of a seed stays as it was.
  const trims = draw.chance(0.25)
  const atTheEdge = draw.chance(0.2)
  const rates = options.rates.map((rate) =>
    atTheEdge ? draw.pick([0.99, 0.99, 1, 1.01, 1.01]) : rate,
  )
  return { ...options, rates, trims }
}
