/** What a workload gives: figures with their units in their names. */
import type { RecordableHistogram } from 'node:perf_hooks'
import { type BenchTarget, machineCpuSeconds, processCost } from './bench-target.ts'

/** Figures by name; `undefined` ones could not be had. */
export type Figures = Record<string, number | undefined>

export interface BenchResult {
  readonly workload: string
  readonly parameters: Readonly<Record<string, number | string | boolean>>
  readonly figures: Figures
}

const round = (value: number) => Number(value.toPrecision(5))

/** Percentiles in milliseconds. */
export function percentiles(latencyNs: RecordableHistogram): Figures {
  if (latencyNs.count === 0) return {}
  const at = (percent: number) => round(latencyNs.percentile(percent) / 1e6)
  return {
    p50Ms: at(50),
    p90Ms: at(90),
    p99Ms: at(99),
    'p99.9Ms': at(99.9),
    'p99.99Ms': at(99.99),
    maxMs: round(latencyNs.max / 1e6),
  }
}

/** The cost of the broker's process and of this one, between `start` and `figures`. */
export class CostMeter {
  readonly #target: BenchTarget
  #broker: ReturnType<typeof processCost>
  #own = process.cpuUsage()
  #machine = machineCpuSeconds()
  #since = performance.now()

  constructor(target: BenchTarget) {
    this.#target = target
    this.#broker = processCost(target.processId)
  }

  start(): void {
    this.#broker = processCost(this.#target.processId)
    this.#own = process.cpuUsage()
    this.#machine = machineCpuSeconds()
    this.#since = performance.now()
  }

  /** @param bytes moved since `start`, for the cost per gigabyte */
  figures(bytes: number): Figures {
    const now = processCost(this.#target.processId)
    const own = process.cpuUsage(this.#own)
    const seconds = (performance.now() - this.#since) / 1000
    const ownSeconds = (own.user + own.system) / 1e6
    const machine = machineCpuSeconds()
    const cpu = now && this.#broker ? now.cpuSeconds - this.#broker.cpuSeconds : undefined
    return {
      brokerCpuShare: cpu === undefined ? undefined : round(cpu / seconds),
      brokerCpuSecondsPerGb:
        cpu === undefined || bytes === 0 ? undefined : round(cpu / (bytes / 1e9)),
      brokerResidentMb: now === undefined ? undefined : round(now.residentBytes / 1e6),
      generatorCpuShare: round(ownSeconds / seconds),
      // What neither the broker nor this process used: a quiet machine has next to none of it.
      othersCpuShare:
        machine === undefined || this.#machine === undefined || cpu === undefined
          ? undefined
          : round(Math.max(0, machine - this.#machine - cpu - ownSeconds) / seconds),
    }
  }
}

export const perSecond = (count: number, seconds: number) => round(count / seconds)
