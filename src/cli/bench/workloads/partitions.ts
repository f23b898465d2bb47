import { performance } from 'node:perf_hooks'
import { CostMeter, type Figures, percentiles, perSecond } from '../bench-result.ts'
import { createTopic, deleteTopic, expectNoError, lanesOf, processCost } from '../bench-target.ts'
import { closedLoop } from '../closed-loop.ts'
import { FrameRing, loadBatch, produceErrorAt, produceFrame } from '../load-frames.ts'
import { workload } from '../workload.ts'

export const partitions = workload({
  name: 'partitions',
  description: 'creates a topic of very many partitions and writes to one after the other',
  defaults: {
    topic: 'bench-partitions',
    partitions: 10_000,
    batchBytes: 1024,
    recordBytes: 100,
    connections: 2,
    window: 8,
    keep: false,
    warmUpMs: 2000,
    durationMs: 10_000,
  },
  small: { durationMs: 200, warmUpMs: 50, partitions: 20 },
  async run(target, settings): Promise<Figures> {
    const { topic, connections, window } = settings
    const batch = loadBatch({ ...settings, codec: 'none' })
    // A segment of 64 MiB for each of ten thousand would be preallocated by nobody: it only rolls.
    const before = processCost(target.processId)
    const start = performance.now()
    await createTopic(target, topic, settings.partitions, { 'segment.bytes': `${1024 * 1024}` })
    const createSeconds = (performance.now() - start) / 1000
    try {
      const frames = Array.from({ length: settings.partitions }, (_, i) =>
        produceFrame(topic, i, 1, batch),
      )
      const lanes = await lanesOf(target, topic, connections)
      const rings = lanes.map((lane, i) => {
        const own = lane.partitions.map((index) => frames[index]!)
        const from = Math.floor((i * own.length) / lanes.length)
        return new FrameRing([...own.slice(from), ...own.slice(0, from)], window)
      })
      const errorAt = produceErrorAt(topic)
      const cost = new CostMeter(target)
      const totals = await closedLoop(
        {
          ...{ where: lanes.map(({ where }) => where), window },
          ...{ warmUpMs: settings.warmUpMs, durationMs: settings.durationMs },
          take: (connection, count) => rings[connection]!.take(count),
          check: (head) => expectNoError(head.readInt16BE(errorAt), `Produce to ${topic}`),
        },
        () => cost.start(),
      )
      const after = processCost(target.processId)
      const grown = after && before ? after.residentBytes - before.residentBytes : undefined
      return {
        createSeconds,
        requestsPerSecond: perSecond(totals.requests, totals.seconds),
        ...percentiles(totals.latencyNs),
        ...cost.figures(totals.requests * batch.length),
        brokerKilobytesPerPartition:
          grown === undefined ? undefined : grown / 1000 / settings.partitions,
      }
    } finally {
      if (!settings.keep) await deleteTopic(target, topic)
    }
  },
})
