import { CostMeter, type Figures, percentiles, perSecond } from '../bench-result.ts'
import {
  BenchError,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
} from '../bench-target.ts'
import { closedLoop } from '../closed-loop.ts'
import { fillTopic } from '../fill-topic.ts'
import {
  FrameRing,
  fetchErrorAt,
  fetchFrame,
  fetchOverhead,
  loadBatch,
  recordsIn,
} from '../load-frames.ts'
import { workload } from '../workload.ts'

const defaults = {
  topic: 'bench-consume',
  fetchBytes: 65_536,
  batchBytes: 16_384,
  recordBytes: 100,
  partitions: 1,
  connections: 2,
  window: 2,
  /** What each partition holds: it stays in the page cache. */
  logBytes: 48 * 1024 * 1024,
  warmUpMs: 2000,
  durationMs: 5000,
}

export const consume = workload({
  name: 'consume',
  description: 'reads a log from the page cache, over and over, so many fetches in flight',
  defaults,
  small: { durationMs: 200, warmUpMs: 50, logBytes: 1024 * 1024 },
  async run(target, settings): Promise<Figures> {
    const { topic, partitions, fetchBytes, connections, window } = settings
    const shape = { ...settings, codec: 'none' as const }
    const batch = loadBatch(shape)
    const count = Math.max(1, Math.floor(settings.logBytes / batch.length))
    const batchesPerFetch = Math.max(1, Math.floor(fetchBytes / batch.length))
    await createTopic(target, topic, partitions, { 'retention.bytes': '-1' })
    try {
      await fillTopic(target, topic, partitions, [batch], count)
      const frames: Buffer[] = []
      for (let first = 0; first + batchesPerFetch <= count; first += batchesPerFetch) {
        for (let partition = 0; partition < partitions; partition += 1) {
          frames.push(fetchFrame(topic, partition, first * recordsIn(shape), fetchBytes))
        }
      }
      if (frames.length === 0) throw new BenchError(`logBytes must hold a fetch of ${fetchBytes}`)
      const rings = Array.from({ length: connections }, (_, i) => {
        const from = Math.floor((i * frames.length) / connections)
        return new FrameRing([...frames.slice(from), ...frames.slice(0, from)], window)
      })
      const errorAt = fetchErrorAt(topic)
      const cost = new CostMeter(target)
      let wholeBatches = 0
      const totals = await closedLoop(
        {
          ...{ where: Array<BenchTarget>(connections).fill(target), window },
          ...{ warmUpMs: settings.warmUpMs, durationMs: settings.durationMs },
          take: (connection, some) => rings[connection]!.take(some),
          check(head, sizeBytes) {
            expectNoError(head.readInt16BE(errorAt), `Fetch of ${topic}`)
            // The protocol promises the first batch whole, and no more (KIP-74). What a broker sends of one
            // that does not fit is of no use: the consumer asks for it again.
            const whole = Math.floor((sizeBytes - fetchOverhead(topic)) / batch.length)
            if (whole === 0)
              throw new BenchError(`An answer had ${sizeBytes} bytes, less than one batch`)
            wholeBatches += whole
          },
        },
        () => {
          wholeBatches = 0
          cost.start()
        },
      )
      const bytes = wholeBatches * batch.length
      return {
        requestsPerSecond: perSecond(totals.requests, totals.seconds),
        megabytesPerSecond: perSecond(bytes / 1e6, totals.seconds),
        ...percentiles(totals.latencyNs),
        ...cost.figures(bytes),
      }
    } finally {
      await deleteTopic(target, topic)
    }
  },
})
