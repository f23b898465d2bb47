/**
 * How large V8 lets the heap of a broker become. What a broker allocates dies with its request, or lives as long as a
 * partition does. V8 lets the young generation grow to 32 MiB and more all the same: each request then writes to memory that is
 * in no cache of the processor any more (produces of 16 KiB cost a quarter more in some pairs of runs, in others nothing was seen). And the old one may take several times what lives
 * in it, which counts where partitions are many.
 *
 * Both are set while the process runs: the command line of node is not ours to give.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import type { Timer, Timers } from '../env/env.ts'

/** Both halves of the young generation. With half of this, what requests in flight hold is taken for old. */
const youngBytes = 4 * 1024 * 1024
/** The old generation is collected when it has grown by so much since the last time; by less, commits of offsets cost more. */
const growingPercent = 100
/** When idle, V8 shrinks the young generation; it may grow again then. */
const lookMs = 500

/** Until it is cancelled. Then all is as V8 has it: code that is compiled under other settings is no good to the next start (`code-cache.ts`). */
export function boundHeap(timers: Timers): Timer {
  let timer: Timer
  const look = () => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    set(growingPercent, young !== undefined && young.space_size < youngBytes)
    timer = timers.after(lookMs, look)
  }
  look()
  return {
    cancel() {
      timer.cancel()
      set(0, true)
    },
  }
}

function set(growingPercent: number, youngMayGrow: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
  setFlagsFromString(`--semi-space-growth-factor=${youngMayGrow ? 2 : 1}`)
}
