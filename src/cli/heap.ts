/**
 * How large V8 lets the heap of a broker become. What a broker allocates dies with its request, or lives as long as a
 * partition does. V8 lets the young generation grow to 32 MiB all the same, and the old one to several times what lives in
 * it, which counts where partitions are many. So it is told to keep the heap small, as long as that takes little time: what
 * a thousand requests in flight hold does not fit in a small young generation and is taken for old, and then V8 is left to
 * its own ways.
 *
 * All is set while the process runs: the command line of node is not ours to give.
 */
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import type { Env, Timer } from '../env/env.ts'

/** Of a small heap. Both halves of the young generation. */
const youngBytes = 4 * 1024 * 1024
/** Of a small heap: the old generation is collected when it has grown by so much since the last time. */
const growingPercent = 25
/**
 * Of a small heap: where so much is used, the old generation grows by 2 MB at least instead of 8, and its pages are emptied more
 * eagerly. Below, collections would come four times as often where requests live long: with durable acknowledgements.
 */
const sparingFromBytes = 24 * 1024 * 1024
/**
 * Of all time: where the collections of a small heap take more, `looksMax` times in a row, it may grow; where those of a large one take
 * less, it is made small again. Once or twice is no sign: thousands of partitions that are made are much that lives, and where
 * other processes take the processor every collection lasts longer.
 */
const collectingMax = 0.15
const looksMax = 3
const collectingMin = 0.03
const lookMs = 500
/** Of a small heap that has all its young generation: collections are many, and to be told of each costs a third of it. */
const watchMs = 100

/** Until it is cancelled. Then all is as V8 has it: code that is compiled under other settings is no good to the next start (`code-cache.ts`). */
export function boundHeap({ clock, timers }: Pick<Env, 'clock' | 'timers'>): Timer {
  let timer: Timer
  let collectingMs = 0
  let watchedFromMs = 0
  let isSmall = true
  /** So many in a row have found that collections take long. */
  let longLooks = 0
  let youngMayGrow = true
  const count = (collections: readonly PerformanceEntry[]) => {
    for (const { duration } of collections) collectingMs += duration
  }
  const observer = new PerformanceObserver((seen) => {
    count(seen.getEntries())
    // It doubles with one collection after the other: the next one comes within milliseconds.
    if (isSmall && youngMayGrow) bound()
  })
  const bound = () => {
    youngMayGrow = !isSmall || youngSize() < youngBytes
    const isSparing = isSmall && getHeapStatistics().used_heap_size > sparingFromBytes
    setFlagsFromString(isSparing ? '--optimize-for-size' : '--no-optimize-for-size')
    // That sets this one, too, which is looked at when a process starts, and with each code cache.
    setFlagsFromString('--max-semi-space-size=0')
    setFlagsFromString(`--heap-growing-percent=${isSmall ? growingPercent : 0}`)
    setFlagsFromString(`--semi-space-growth-factor=${youngMayGrow ? 2 : 1}`)
  }
  const watch = () => {
    bound()
    collectingMs = 0
    watchedFromMs = clock.monotonicMs()
    observer.observe({ entryTypes: ['gc'] })
    timer = timers.after(isSmall && !youngMayGrow ? watchMs : lookMs, look)
  }
  const look = () => {
    const watchedMs = clock.monotonicMs() - watchedFromMs
    count(observer.takeRecords()) // Those that it was not told of yet.
    const collecting = collectingMs / watchedMs
    observer.disconnect()
    longLooks = collecting >= (isSmall ? collectingMax : collectingMin) ? longLooks + 1 : 0
    isSmall = longLooks < (isSmall ? looksMax : 1)
    timer = timers.after(Math.max(0, lookMs - watchedMs), watch)
  }
  watch()
  return {
    cancel() {
      timer.cancel()
      observer.disconnect()
      isSmall = false
      bound()
    },
  }
}

function youngSize(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size
}
