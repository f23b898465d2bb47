/** `ottla bench start-up` and `memory`: what a broker costs that this program starts itself. */
import type { Figures } from './bench-result.ts'
import { type BenchTarget, createTopic, processCost } from './bench-target.ts'
import { type Daemon, program, scratchDirectory, startDaemon } from './daemon.ts'
import { fillTopic } from './fill-topic.ts'
import { loadBatch } from './load-frames.ts'
import { runWorkload, type Workload, workload } from './workload.ts'
import { consume } from './workloads/consume.ts'
import { produce } from './workloads/produce.ts'

/** A broker of this program on an empty directory, gone when `use` is done. */
async function withOwnBroker<T>(use: (broker: Daemon) => Promise<T>): Promise<T> {
  const scratch = scratchDirectory()
  try {
    const daemon = await startDaemon(program(), scratch.dir)
    return await use(daemon).finally(() => daemon.stop())
  } finally {
    scratch.remove()
  }
}

async function acknowledged(target: BenchTarget): Promise<void> {
  await createTopic(target, 'bench-start', 1)
  const batch = loadBatch({ batchBytes: 200, recordBytes: 100, codec: 'none' })
  await fillTopic(target, 'bench-start', 1, [batch], 1)
}

const residentMb = ({ processId }: BenchTarget) =>
  (processCost(processId)?.residentBytes ?? Number.NaN) / 1e6

export const startUp = workload({
  name: 'start-up',
  description: 'starts a broker of its own until a record is acknowledged, so many times',
  defaults: { runs: 5 },
  small: { runs: 1 },
  async run(_, { runs }): Promise<Figures> {
    const times: { started: number; first: number; resident: number }[] = []
    for (let run = 0; run < runs; run += 1) {
      const time = await withOwnBroker(async (broker) => {
        const since = performance.now()
        const resident = residentMb(broker)
        await acknowledged(broker)
        return {
          ...{ started: broker.startedMs, resident },
          first: broker.startedMs + performance.now() - since,
        }
      })
      times.push(time)
    }
    const sorted = (of: 'started' | 'first' | 'resident') =>
      times.map((time) => time[of]).sort((a, b) => a - b)
    const median = (of: 'started' | 'first' | 'resident') => sorted(of)[times.length >> 1]
    return {
      ...{ startedMs: median('started'), firstAcknowledgementMs: median('first') },
      ...{ firstAcknowledgementMinMs: sorted('first')[0], residentMb: median('resident') },
    }
  },
})

export const memory = workload({
  name: 'memory',
  description: 'resident memory of a broker of its own: fresh, loaded, and idle again',
  defaults: { durationMs: 3000, idleMs: 5000 },
  small: { durationMs: 100, idleMs: 1 },
  run: (_, { durationMs, idleMs }): Promise<Figures> =>
    withOwnBroker(async (broker) => {
      const freshResidentMb = residentMb(broker)
      const given = { durationMs, warmUpMs: 0 }
      for (const batchBytes of [1024, 65_536, 1_048_576])
        await runWorkload(produce, broker, { ...given, batchBytes })
      for (const fetchBytes of [65_536, 1_048_576])
        await runWorkload(consume, broker, { ...given, fetchBytes })
      const loadedResidentMb = residentMb(broker)
      await new Promise((done) => setTimeout(done, idleMs))
      return { residentMb: residentMb(broker), loadedResidentMb, freshResidentMb }
    }),
})

/** They take no broker's address. */
export const ownWorkloads: readonly Workload<any>[] = [startUp, memory]
