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
/** Drawn apart from the others, so that those of a seed stay as they were. */
export type FaultKind = (typeof faultKinds)[number] | 'bit flips'

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

/** `flips`: bits on disks flip as well, in some seeds. */
export function planOf(seed: number, flips = false): Plan {
  const options = drawOptions(seed)
  const draw = new Chance(seed * 104_729 + 5)
  const kinds = faultKinds.filter(() => draw.chance(0.35))
  const aims = signals.filter(() => draw.chance(0.5))
  const count = kinds.length === 0 ? 0 : draw.pick([2, 4, 6, 10])
  const faults = Array.from({ length: count }, () => drawFault(draw, options, kinds, aims))
  faults.push(...drawRare(new Chance(seed * 104_729 + 7), options, flips))
  return { seed, options, faults: faults.sort((a, b) => a.atMs - b.atMs) }
}

/** What single faults hardly ever add up to, and what few seeds need. */
function drawRare(draw: Chance, options: Options, flips: boolean): Fault[] {
  const rare: Fault[] = []
  const { faultsMs, partitions } = options
  const fault = (kind: FaultKind, target: string, other: string, atMs: number, more: object) => {
    const usual = { partition: draw.below(partitions), forMs: 1500, amount: draw.random() }
    rare.push({ kind, target, other, atMs: Math.round(atMs), ...usual, ...more })
  }
  // A leader that holds its lease is cut off, and the coordinator comes back at once.
  if (draw.chance(0.1))
    for (const part of [0.15, 0.3, 0.45])
      fault('part and restart', 'leader', 'c', part * faultsMs, { amount: draw.between(0.2, 0.5) })
  // Grants come late, and then the coordinator hears no more of the leader.
  if (draw.chance(0.1))
    for (const part of [0.15, 0.45]) {
      const slow = { forMs: 2500, amount: draw.between(0.7, 0.9), partition: 0 }
      fault('slow link', 'c', 'leader', part * faultsMs, slow)
      const parted = { amount: 0.9, partition: 0 }
      fault('part', 'leader', 'c', part * faultsMs + draw.between(400, 800), parted)
    }
  if (flips && draw.chance(0.25))
    for (let left = draw.pick([1, 2, 4]); left > 0; left--)
      fault('bit flips', draw.pick(['leader', 'follower']), '', draw.between(0, faultsMs), {
        forMs: draw.pick([100, 500, 1500]),
      })
  return rare
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
