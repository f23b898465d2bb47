/** A workload has a name, parameters with defaults and a small size, and gives figures. */
import type { BenchResult, Figures } from './bench-result.ts'
import { BenchError, type BenchTarget } from './bench-target.ts'

export type Value = number | string | boolean
export type Parameters = Readonly<Record<string, Value>>

export interface Workload<P extends Parameters = Parameters> {
  readonly name: string
  readonly description: string
  /** Every parameter with its default. */
  readonly defaults: P
  /** What makes it end within a second: the size that runs in the test suite. */
  readonly small: Partial<P>
  run(target: BenchTarget, parameters: P): Promise<Figures>
}

/** Keeps the parameters' types while `run` is checked against them. */
export const workload = <P extends Parameters>(spec: Workload<P>): Workload<P> => spec

/** Upper bounds, so that a slip of a finger does not take the machine. */
const parameterMax: Readonly<Record<string, number>> = {
  durationMs: 3_600_000,
  warmUpMs: 600_000,
  connections: 20_000,
  partitions: 100_000,
  keys: 1_000_000,
  recordsPerBatch: 10_000,
  segmentBytes: 1024 * 1024 * 1024,
  groups: 100_000,
  consumers: 1000,
  runs: 1000,
  idleMs: 600_000,
  logBytes: 1024 * 1024 * 1024,
  window: 10_000,
  batchBytes: 8 * 1024 * 1024,
  recordBytes: 8 * 1024 * 1024,
  fetchBytes: 64 * 1024 * 1024,
  ratePerSecond: 1_000_000,
}

/**
 * The defaults with `given` over them.
 * @throws BenchError for a name that the workload does not have, and for a value out of bounds
 */
export function parametersOf<P extends Parameters>(
  of: Workload<P>,
  given: Readonly<Record<string, Value | undefined>>,
): P {
  const known: Record<string, Value> = { ...of.defaults }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const standard = known[name]
    if (standard === undefined) {
      const names = Object.keys(known).join(', ')
      throw new BenchError(`The workload ${of.name} has no parameter ${name}; it has ${names}`)
    }
    known[name] = convert(of.name, name, value, standard)
  }
  return known as P
}

function convert(workloadName: string, name: string, value: Value, standard: Value): Value {
  const refuse = (why: string) => new BenchError(`${workloadName}: ${name} ${why}, not ${value}`)
  if (typeof standard === 'string') return `${value}`
  if (typeof standard === 'boolean') {
    if (`${value}` === 'true') return true
    if (`${value}` === 'false') return false
    throw refuse('is true or false')
  }
  const number = Number(value)
  const min = name === 'acks' ? -1 : name === 'warmUpMs' ? 0 : 1
  const max = name === 'acks' ? 1 : (parameterMax[name] ?? Number.MAX_SAFE_INTEGER)
  if (!(Number.isInteger(number) && number >= min && number <= max)) {
    throw refuse(`is a whole number from ${min} to ${max}`)
  }
  return number
}

/** Runs a workload with its defaults and what is given over them. */
export async function runWorkload(
  of: Workload<any>,
  target: BenchTarget,
  given: Readonly<Record<string, Value | undefined>> = {},
): Promise<BenchResult> {
  const parameters = parametersOf(of, given)
  return { workload: of.name, parameters, figures: await of.run(target, parameters) }
}
