/** Producers at full rate, and consumers that follow the end of the same log. */
import { performance } from 'node:perf_hooks'
import { batchSizeOf, lastOffsetOf } from '../../../../protocol/record-batch.ts'
import { CostMeter, type Figures, perSecond } from '../bench-result.ts'
import {
  BenchError,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
} from '../bench-target.ts'
import { closedLoop } from '../closed-loop.ts'
import {
  FrameRing,
  fetchErrorAt,
  fetchFrame,
  fetchOverhead,
  loadBatch,
  produceErrorAt,
  produceFrame,
} from '../load-frames.ts'
import { Tail } from '../tail.ts'
import { workload } from '../workload.ts'

const defaults = {
  topic: 'bench-mixed',
  batchBytes: 16_384,
  recordBytes: 100,
  partitions: 1,
  connections: 2,
  window: 8,
  consumers: 2,
  fetchBytes: 1024 * 1024,
  warmUpMs: 2000,
  durationMs: 5000,
}
type Settings = typeof defaults

/** Follows a partition from its start: asks for what comes behind the last batch it got. */
function follow(target: BenchTarget, settings: Settings, partition: number): Tail {
  const { topic, fetchBytes } = settings
  const ask = (offset: number) =>
    fetchFrame(topic, partition, offset, fetchBytes, { maxWaitMs: 500, minBytes: 1 })
  return new Tail(target, ask, (frame) => {
    expectNoError(frame.readInt16BE(fetchErrorAt(topic)), `Fetch of ${topic}`)
    let next: number | undefined
    const from = fetchOverhead(topic)
    for (let at = from; at + 61 <= frame.length; at += batchSizeOf(frame, at)) {
      if (at + batchSizeOf(frame, at) > frame.length) break
      next = lastOffsetOf(frame, at) + 1
    }
    return { next, bytes: frame.length - from }
  })
}

export const mixed = workload<Settings>({
  name: 'mixed',
  description: 'writes at full rate while consumers follow the end of the log',
  defaults,
  small: { durationMs: 200, warmUpMs: 50 },
  async run(target, settings): Promise<Figures> {
    const { topic, partitions, connections, window } = settings
    const batch = loadBatch({ ...settings, codec: 'none' })
    await createTopic(target, topic, partitions)
    const tails = Array.from({ length: settings.consumers }, (_, i) =>
      follow(target, settings, i % partitions),
    )
    try {
      const frames = Array.from({ length: partitions }, (_, i) => produceFrame(topic, i, 1, batch))
      const rings = Array.from({ length: connections }, () => new FrameRing(frames, window))
      const cost = new CostMeter(target)
      let since = performance.now()
      const totals = await closedLoop(
        {
          ...{ where: Array<BenchTarget>(connections).fill(target), window },
          ...{ warmUpMs: settings.warmUpMs, durationMs: settings.durationMs },
          take: (connection, count) => rings[connection]!.take(count),
          check: (head) => expectNoError(head.readInt16BE(produceErrorAt(topic)), 'Produce'),
        },
        () => {
          cost.start()
          since = performance.now()
          for (const tail of tails) tail.bytes = 0
        },
      )
      const broken = tails.find((tail) => tail.error !== undefined)?.error
      if (broken !== undefined) throw new BenchError(`A consumer failed: ${broken.message}`)
      const written = totals.requests * batch.length
      const read = tails.reduce((sum, tail) => sum + tail.bytes, 0)
      return {
        megabytesPerSecond: perSecond(written / 1e6, totals.seconds),
        readMegabytesPerSecond: perSecond(read / 1e6, (performance.now() - since) / 1000),
        ...cost.figures(written + read),
      }
    } finally {
      for (const tail of tails) tail.close()
      await deleteTopic(target, topic)
    }
  },
})
