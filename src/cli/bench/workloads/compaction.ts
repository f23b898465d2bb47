/**
 * Writes keys over and over to a compacted topic, so that the cleaner works beside the load.
 */
import { buildBatch } from '../../../../protocol/build-batch.ts'
import { ListOffsets } from '../../../../protocol/messages/list-offsets.ts'
import { CostMeter, type Figures, percentiles, perSecond } from '../bench-result.ts'
import {
  askOnce,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
  lanesOf,
} from '../bench-target.ts'
import { closedLoop } from '../closed-loop.ts'
import { FrameRing, produceErrorAt, produceFrame } from '../load-frames.ts'
import { workload } from '../workload.ts'

const defaults = {
  topic: 'bench-compaction',
  /** Each batch has some of them, in turn. */
  keys: 10_000,
  recordsPerBatch: 100,
  recordBytes: 100,
  connections: 2,
  window: 4,
  segmentBytes: 8 * 1024 * 1024,
  warmUpMs: 2000,
  durationMs: 20_000,
}

/** All keys once, so many to a batch: keys have one width, so that the frames have one size. */
function keyedBatches({ keys, recordsPerBatch, recordBytes }: typeof defaults): Buffer[] {
  const timestamp = Date.now()
  const value = Buffer.alloc(recordBytes, 'the quick brown fox ')
  return Array.from({ length: Math.ceil(keys / recordsPerBatch) }, (_, batch) => {
    const records = Array.from({ length: recordsPerBatch }, (_, i) => {
      const number = (batch * recordsPerBatch + i) % keys
      return { timestamp, key: Buffer.from(`key-${String(number).padStart(9, '0')}`), value }
    })
    return buildBatch({ records })
  })
}

async function endOf(target: BenchTarget, name: string): Promise<number> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
  const answer = await askOnce(target, ListOffsets, 1, { replicaId: -1, topics })
  return answer.topics[0].partitions[0].offset
}

export const compaction = workload<typeof defaults>({
  name: 'compaction',
  description: 'writes the same keys again and again to a compacted topic',
  defaults,
  small: { durationMs: 300, warmUpMs: 50, keys: 100, segmentBytes: 1024 * 1024 },
  async run(target, settings): Promise<Figures> {
    const { topic, connections, window, recordsPerBatch } = settings
    await createTopic(target, topic, 1, {
      ...{ 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01' },
      'segment.bytes': `${settings.segmentBytes}`,
    })
    try {
      const batches = keyedBatches(settings)
      const frames = batches.map((batch) => produceFrame(topic, 0, 1, batch))
      const lanes = await lanesOf(target, topic, connections)
      const rings = lanes.map(() => new FrameRing(frames, window))
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
      const bytes = totals.requests * batches[0]!.length
      return {
        recordsPerSecond: perSecond(totals.requests * recordsPerBatch, totals.seconds),
        megabytesPerSecond: perSecond(bytes / 1e6, totals.seconds),
        ...percentiles(totals.latencyNs),
        writtenRecords: await endOf(target, topic),
        ...cost.figures(bytes),
      }
    } finally {
      await deleteTopic(target, topic)
    }
  },
})
