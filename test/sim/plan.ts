/**
 * The faults of a run, drawn from its seed. Plain data, so that a failing run can be kept, and cut down.
 *
 * Each seed switches a part of the kinds on (swarm), and more than half of its faults are aimed: they
 * strike when something delicate has just happened, at who did it. Uniform faults are nearly blind.
 */
import { drawOptions, type Options } from './options.ts'
import { Chance } from './world.ts'

export const faultKinds = [
  'pause',
  'crash',
  'power',
  'stop',
  'isolate',
  'mute',
  'deaf',
  'part',
  'slow link',
  'slow network',
  'cut',
  'drop',
  'sync fails',
  'write fails',
  'full disk',
  'slow disk',
  'wall clock',
  'part and restart',
  'leave behind',
  'blackout',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** What an aimed fault waits for. */
export const signals = [
  'election',
  'alterIsr',
  'alterIsrAck',
  'metadata',
  'register',
  'replicated',
  'replica asks',
  'acknowledged',
  'produce',
  'diverged',
  'file changes',
] as const
export type Signal = (typeof signals)[number]

export interface Fault {
  readonly kind: FaultKind
  /** After the topic was made; an aimed fault waits from then on. */
  readonly atMs: number
  /** The so-manieth time that it happens. */
  readonly on?: { readonly signal: Signal; readonly nth: number; readonly delayMs: number }
  /** A host, or `leader`, `follower` (of `partition`), `subject` and `peer` (of the signal). */
  readonly target: string
  /** The other host of a link; as `target`. */
  readonly other: string
  readonly partition: number
  /** Until it is over: the restart, the end of a pause. */
  readonly forMs: number
  /** What the kind makes of it: bytes, a factor, a jump. */
  readonly amount: number
}

export interface Plan {
  readonly seed: number
  readonly options: Options
  readonly faults: readonly Fault[]
}

export function planOf(seed: number): Plan {
  const options = drawOptions(seed)
  const draw = new Chance(seed * 104_729 + 5)
  const kinds = faultKinds.filter(() => draw.chance(0.35))
  const aims = signals.filter(() => draw.chance(0.5))
  const count = kinds.length === 0 ? 0 : draw.pick([2, 4, 6, 10])
  const faults = Array.from({ length: count }, () => drawFault(draw, options, kinds, aims))
  return { seed, options, faults: faults.sort((a, b) => a.atMs - b.atMs) }
}

function drawFault(
  draw: Chance,
  options: Options,
  kinds: readonly FaultKind[],
  aims: readonly Signal[],
): Fault {
  const { leaseMs, faultsMs, brokers, partitions } = options
  const kind = draw.pick(kinds)
  const aimed = aims.length > 0 && draw.chance(0.6)
  const brokerNames = Array.from({ length: brokers }, (_, i) => `b${i + 1}`)
  const target = draw.chance(0.2)
    ? 'c'
    : draw.pick(aimed ? ['subject', 'subject', 'peer', 'leader'] : ['leader', 'leader', 'follower'])
  const other = draw.pick(['c', 'c', 'leader', 'follower', 'peer', 'p1', ...brokerNames])
  const fault = {
    kind,
    atMs: Math.round(draw.between(0, faultsMs)),
    target,
    other,
    partition: draw.below(partitions),
    forMs: Math.round(draw.pick([0.3, 0.6, 1, 1.1, 1.5, 3]) * leaseMs * draw.between(0.8, 1.2)),
    amount: draw.random(),
  }
  if (!aimed) return fault
  const delayMs = draw.pick([
    0,
    0,
    draw.between(0, 2),
    draw.between(0, 50),
    draw.between(0.5, 1) * leaseMs,
  ])
  const on = { signal: draw.pick(aims), nth: 1 + draw.below(draw.pick([1, 3, 30])), delayMs }
  return { ...fault, on }
}
