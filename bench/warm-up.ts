/** A broker that has just started is slow for its first seconds, the JVM for half a minute: what it could do then is nobody's figure. */
import type { BenchTarget } from '../src/cli/bench/bench-target.ts'
import { runWorkload } from '../src/cli/bench/workload.ts'
import { consume } from '../src/cli/bench/workloads/consume.ts'
import { produce } from '../src/cli/bench/workloads/produce.ts'

const rounds = { min: 3, max: 10 }
/** A round that is better than all before by less than this ends the warm-up. */
const growthMin = 1.05

/** Small and larger requests, written and read, until what it writes in a second grows no more. */
export async function warmUp(broker: BenchTarget): Promise<void> {
  const brief = { topic: 'bench-warm-up', warmUpMs: 0 }
  let best = 0
  for (let round = 1; round <= rounds.max; round += 1) {
    await runWorkload(produce, broker, { ...brief, durationMs: 500, batchBytes: 1024 })
    const { figures } = await runWorkload(produce, broker, { ...brief, durationMs: 1500 })
    await runWorkload(consume, broker, { ...brief, durationMs: 500 })
    const rate = figures['requestsPerSecond'] ?? 0
    if (round >= rounds.min && rate < best * growthMin) return
    best = Math.max(best, rate)
  }
}
