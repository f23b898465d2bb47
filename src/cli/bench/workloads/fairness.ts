/**
 * What a producer at full rate does to its neighbour: a small request at a fixed rate on a connection
 * of its own, first alone, then beside the greedy one.
 *
 * The greedy one is another process, of low priority: in this one each answer to its neighbour would wait for its own, and a core
 * that it shares with it would be its for milliseconds. That is not the broker's doing.
 */
import { BenchError } from '../bench-target.ts'
import { inOtherProcess } from '../other-process.ts'
import { runWorkload, workload } from '../workload.ts'
import { latency } from './latency.ts'
import { produce } from './produce.ts'

const defaults = {
  topic: 'bench-fairness',
  /** Of the neighbour. */
  ratePerSecond: 500,
  smallBatchBytes: 1024,
  /** Of the greedy one. */
  batchBytes: 16_384,
  connections: 2,
  window: 8,
  warmUpMs: 2000,
  durationMs: 5000,
}

export const fairness = workload<typeof defaults>({
  name: 'fairness',
  description: 'how much a producer at full rate delays another one',
  defaults,
  small: { durationMs: 1000, warmUpMs: 50, ratePerSecond: 100 },
  async run(target, { topic, batchBytes, connections, window, ...settings }) {
    const { ratePerSecond, smallBatchBytes, warmUpMs, durationMs } = settings
    const neighbour = () =>
      runWorkload(latency, target, {
        ...{ topic: `${topic}-small`, ratePerSecond, batchBytes: smallBatchBytes, connections: 1 },
        ...{ warmUpMs, durationMs },
      })
    const quiet = (await neighbour()).figures
    const other = inOtherProcess(produce, target, {
      ...{ topic: `${topic}-greedy`, batchBytes, connections, window, warmUpMs, durationMs },
    })
    const [beside, greedy] = await Promise.all([neighbour(), other.result]).finally(other.stop)
    const quietP99Ms = quiet['p99Ms']
    const besideP99Ms = beside.figures['p99Ms']
    if (quietP99Ms === undefined || besideP99Ms === undefined)
      throw new BenchError(`fairness: nothing was answered within ${durationMs} ms`)
    return {
      ...{ timesQuiet: besideP99Ms / quietP99Ms, quietP99Ms, besideP99Ms },
      ...{ quietP50Ms: quiet['p50Ms'], besideP50Ms: beside.figures['p50Ms'] },
      greedyMegabytesPerSecond: greedy.figures['megabytesPerSecond'],
    }
  },
})
