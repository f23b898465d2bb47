import { InitProducerId } from '../../../../protocol/messages/init-producer-id.ts'
import { sequenceAfter } from '../../../../protocol/record-batch.ts'
import { CostMeter, type Figures, percentiles, perSecond } from '../bench-result.ts'
import {
  askOnce,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
  type Led,
  lanesOf,
  loadTopicConfigs,
} from '../bench-target.ts'
import { closedLoop } from '../closed-loop.ts'
import {
  type CodecName,
  FrameRing,
  loadBatch,
  produceErrorAt,
  produceFrame,
  recordsIn,
  stampSequence,
} from '../load-frames.ts'
import { workload } from '../workload.ts'

const defaults = {
  topic: 'bench-produce',
  batchBytes: 16_384,
  recordBytes: 100,
  partitions: 1,
  replicationFactor: 1,
  connections: 2,
  window: 8,
  acks: 1,
  codec: 'none',
  /** With a producer id and sequences; each connection is a producer with partitions of its own. */
  idempotent: false,
  /** Synced to the disk before each acknowledgement (`flush.messages=1`). */
  durable: false,
  /** Of each partition, beside the segment that is written (`retention.bytes`); -1: all. */
  retentionBytes: Number(loadTopicConfigs['retention.bytes']),
  /** Leave the topic and its records there. */
  keep: false,
  warmUpMs: 2000,
  durationMs: 5000,
}
type Settings = typeof defaults

/** Makes what each connection sends: `take(connection, count)`. */
async function senders(
  target: BenchTarget,
  settings: Settings,
  batch: Buffer,
  lanes: readonly Led[],
): Promise<(connection: number, count: number) => Buffer> {
  const { topic, partitions, window, acks, idempotent } = settings
  const frames = Array.from({ length: partitions }, (_, index) =>
    produceFrame(topic, index, acks, batch),
  )
  if (idempotent) return idempotentSenders(target, settings, batch, frames, lanes)
  const rings = lanes.map((lane, i) => {
    const from = i % lane.partitions.length
    const rotated = [...lane.partitions.slice(from), ...lane.partitions.slice(0, from)]
    return new FrameRing(
      rotated.map((index) => frames[index]!),
      window,
    )
  })
  return (connection, count) => rings[connection]!.take(count)
}

/** One producer, with the partitions it alone writes to in this run. */
class IdempotentSender {
  readonly #producer: { id: number; epoch: number }
  readonly #slots: readonly Buffer[]
  readonly #sequences: number[]
  readonly #batchBytes: number
  readonly #recordsPerBatch: number
  #sent = 0

  /** A slot comes round again after its answer alone, so that it may be stamped in place. */
  constructor(
    producer: { id: number; epoch: number },
    frames: readonly Buffer[],
    window: number,
    batch: { bytes: number; records: number },
  ) {
    this.#producer = producer
    this.#sequences = frames.map(() => 0)
    this.#batchBytes = batch.bytes
    this.#recordsPerBatch = batch.records
    const count = Math.ceil(window / frames.length) * frames.length
    this.#slots = Array.from({ length: count }, (_, i) => Buffer.from(frames[i % frames.length]!))
  }

  take(count: number): Buffer {
    const chosen = Array.from({ length: count }, () => {
      const slot = this.#slots[this.#sent % this.#slots.length]!
      const lane = this.#sent % this.#sequences.length
      const sequence = this.#sequences[lane]!
      stampSequence(slot, this.#batchBytes, this.#producer, sequence)
      this.#sequences[lane] = sequenceAfter(sequence, this.#recordsPerBatch)
      this.#sent += 1
      return slot
    })
    return chosen.length === 1 ? chosen[0]! : Buffer.concat(chosen)
  }
}

/** Asks until there is one: a Kafka that has just started still waits for its first block of ids. */
async function producerId(target: BenchTarget): Promise<{ id: number; epoch: number }> {
  for (let attempt = 0; ; attempt += 1) {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 }
    const answer = await askOnce(target, InitProducerId, 1, request)
    if (answer.errorCode === 0) return { id: answer.producerId, epoch: answer.producerEpoch }
    if (attempt === 50) expectNoError(answer.errorCode, 'InitProducerId')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function idempotentSenders(
  target: BenchTarget,
  settings: Settings,
  batch: Buffer,
  frames: readonly Buffer[],
  lanes: readonly Led[],
): Promise<(connection: number, count: number) => Buffer> {
  const records = recordsIn(settings as Settings & { codec: CodecName })
  const producers: IdempotentSender[] = []
  for (const [i, lane] of lanes.entries()) {
    const answer = await producerId(target)
    // Those that share a leader share out its partitions; more producers than partitions share one.
    const beside = lanes.filter((other) => other === lane).length
    const turn = lanes.slice(0, i).filter((other) => other === lane).length
    const mine = lane.partitions.filter((_, at) => at % beside === turn)
    const own = mine.length > 0 ? mine : [lane.partitions[turn % lane.partitions.length]!]
    const ownFrames = own.map((index) => frames[index]!)
    const shape = { bytes: batch.length, records }
    producers.push(new IdempotentSender(answer, ownFrames, settings.window, shape))
  }
  return (connection, count) => producers[connection]!.take(count)
}

export const produce = workload<Settings>({
  name: 'produce',
  description: 'writes batches, so many in flight, as fast as the broker takes them',
  defaults,
  small: { durationMs: 200, warmUpMs: 50 },
  async run(target, settings): Promise<Figures> {
    const { topic, partitions, durable, replicationFactor } = settings
    const shape = { ...settings, codec: settings.codec as CodecName }
    const batch = loadBatch(shape)
    const configs = {
      'retention.bytes': `${settings.retentionBytes}`,
      ...(durable && { 'flush.messages': '1' }),
    }
    await createTopic(target, topic, partitions, configs, replicationFactor)
    try {
      const lanes = await lanesOf(target, topic, settings.connections)
      const take = await senders(target, settings, batch, lanes)
      const errorAt = produceErrorAt(topic)
      const cost = new CostMeter(target)
      const totals = await closedLoop(
        {
          ...{ where: lanes.map(({ where }) => where), window: settings.window, take },
          ...{ warmUpMs: settings.warmUpMs, durationMs: settings.durationMs },
          check: (head) => expectNoError(head.readInt16BE(errorAt), `Produce to ${topic}`),
        },
        () => cost.start(),
      )
      const bytes = totals.requests * batch.length
      return {
        requestsPerSecond: perSecond(totals.requests, totals.seconds),
        recordsPerSecond: perSecond(totals.requests * recordsIn(shape), totals.seconds),
        megabytesPerSecond: perSecond(bytes / 1e6, totals.seconds),
        ...percentiles(totals.latencyNs),
        ...cost.figures(bytes),
      }
    } finally {
      if (!settings.keep) await deleteTopic(target, topic)
    }
  },
})
