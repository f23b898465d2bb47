/**
 * How large V8 lets the heap of a broker become. What a broker allocates dies with its request, or lives as long as a
 * partition does. V8 lets the young generation grow to 32 MiB all the same, and the old one to several times what lives in
 * it, which counts where partitions are many.
 *
 * The young generation may grow where its collections take time: what thousands of requests in flight hold does not fit
 * in a small one, and is taken for old.
 *
 * Both are set while the process runs: the command line of node is not ours to give.
 */
import {
  constants,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import type { Timer, Timers } from '../env/env.ts'

/** Both halves of the young generation. */
const youngBytes = 4 * 1024 * 1024
/** Of all time; where collections of the young generation take more, it may grow. */
const collectingMax = 0.05
/** The old generation is collected when it has grown by so much since the last time; by less, commits of offsets cost more. */
const growingPercent = 100
/** When idle, V8 shrinks the young generation; it may grow again then. */
const lookMs = 500

type Collection = PerformanceEntry & { readonly detail: NodeGCPerformanceDetail }

/** Until it is cancelled. Then all is as V8 has it: code that is compiled under other settings is no good to the next start (`code-cache.ts`). */
export function boundHeap(timers: Timers): Timer {
  let timer: Timer
  let collectingMs = 0
  const observer = new PerformanceObserver((seen) => {
    for (const { detail, duration } of seen.getEntries() as Collection[])
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) collectingMs += duration
  })
  observer.observe({ entryTypes: ['gc'] })
  const look = () => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    const fits = collectingMs < lookMs * collectingMax
    collectingMs = 0
    set(growingPercent, young !== undefined && (young.space_size < youngBytes || !fits))
    timer = timers.after(lookMs, look)
  }
  look()
  return {
    cancel() {
      timer.cancel()
      observer.disconnect()
      set(0, true)
    },
  }
}

function set(growingPercent: number, youngMayGrow: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
  setFlagsFromString(`--semi-space-growth-factor=${youngMayGrow ? 2 : 1}`)
}
