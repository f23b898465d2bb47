/**
 * Makes a failing plan smaller while it still fails in the same way: fewer faults (ddmin), then
 * simpler ones, then fewer clients, partitions and brokers.
 */
import type { Fault, Plan } from './plan.ts'
import { Simulation } from './simulation.ts'

/** S1, V4, history, …: what a failure begins with. */
export function kindOf(failure: string): string {
  return failure.split(':')[0] ?? failure
}

/** Of the file that keeps a plan: a failure may begin with anything, also with a path. */
export function fileNameOf(failure: string, seed: number): string {
  const kind = kindOf(failure)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
  return `${kind.replaceAll(/^-|-$/g, '').slice(0, 40)}-${seed}.json`
}

export async function failureOf(plan: Plan): Promise<string | undefined> {
  return (await new Simulation(plan).run()).failure
}

/** `runsMax` bounds the work; `onStep` hears of each smaller plan. */
export async function shrink(
  plan: Plan,
  failure: string,
  runsMax = 150,
  onStep: (plan: Plan) => void = () => undefined,
): Promise<Plan> {
  const kind = kindOf(failure)
  let runs = 0
  let best = plan
  const attempt = async (smaller: Plan): Promise<boolean> => {
    if (runs++ >= runsMax) return false
    const found = await failureOf(smaller)
    if (found === undefined || kindOf(found) !== kind) return false
    best = smaller
    onStep(best)
    return true
  }
  for (let size = Math.ceil(best.faults.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let from = 0; from < best.faults.length; ) {
      const faults = best.faults.filter((_, i) => i < from || i >= from + size)
      if (!(await attempt({ ...best, faults }))) from += size
    }
  for (let i = 0; i < best.faults.length; i++)
    for (const simpler of simplerFaults(best.faults[i]!)) {
      const faults = best.faults.map((fault, j) => (i === j ? simpler : fault))
      await attempt({ ...best, faults })
    }
  for (const smaller of smallerOptions(best))
    await attempt({ ...best, options: { ...best.options, ...smaller } })
  return best
}

function simplerFaults(fault: Fault): Fault[] {
  const simpler: Fault[] = []
  if (fault.on && fault.on.delayMs > 0) simpler.push({ ...fault, on: { ...fault.on, delayMs: 0 } })
  if (fault.forMs > 100) simpler.push({ ...fault, forMs: Math.round(fault.forMs / 2) })
  return simpler
}

function smallerOptions({ options, faults }: Plan): Partial<Plan['options']>[] {
  const smaller: Partial<Plan['options']>[] = [{ tail: 0 }, { producers: 1 }, { rates: [] }]
  const partitions = Math.max(1, ...faults.map(({ partition }) => partition + 1))
  if (partitions < options.partitions) smaller.push({ partitions })
  if (options.faultsMs > 6000) smaller.push({ faultsMs: 6000 })
  return smaller
}
