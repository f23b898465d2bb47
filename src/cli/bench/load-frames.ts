/** Request frames, built once and sent again and again. */
import { randomBytes } from 'node:crypto'
import { buildBatch } from '../../../protocol/build-batch.ts'
import { codecs } from '../../../protocol/compression.ts'
import { FrameWriter } from '../../../protocol/frame.ts'
import { Fetch } from '../../../protocol/messages/fetch.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { Produce } from '../../../protocol/messages/produce.ts'
import { sealBatch } from '../../../protocol/record-batch.ts'

export type CodecName = keyof typeof codecs

const frameOf = (write: (writer: FrameWriter) => void): Buffer => {
  const writer = new FrameWriter()
  write(writer)
  return Buffer.concat(writer.take())
}
const clientId = 'ottla-bench'

export interface BatchShape {
  /** Of the batch before compression; the last record takes what is left. */
  readonly batchBytes: number
  readonly recordBytes: number
  readonly codec: CodecName
}

/** How many records of a size make a batch of about this size, at least one. */
export function recordsIn({ batchBytes, recordBytes }: BatchShape): number {
  return Math.max(1, Math.round((batchBytes - 61) / (recordBytes + 7)))
}

/** A batch of records without keys; half of each value is random, half repeats. */
export function loadBatch(shape: BatchShape): Buffer {
  const timestamp = Date.now()
  const half = randomBytes(Math.ceil(shape.recordBytes / 2))
  const value = Buffer.alloc(shape.recordBytes, 'the quick brown fox jumps over the lazy dog ')
  half.copy(value)
  const records = Array.from({ length: recordsIn(shape) }, () => ({ timestamp, value }))
  return buildBatch({ records, codec: codecs[shape.codec] })
}

/**
 * Produce version 7: what old clients send, and Kafka needs no conversion for.
 * @param correlationId the same for all frames of a ring: answers come in order
 */
export function produceFrame(topic: string, index: number, acks: number, batch: Buffer): Buffer {
  return frameOf((writer) =>
    writer.request(
      Produce,
      { apiVersion: 7, correlationId: 7, clientId },
      {
        acks,
        timeoutMs: 30_000,
        topicData: [{ name: topic, partitionData: [{ index, records: batch }] }],
      },
    ),
  )
}

/** OffsetCommit version 7 of one offset, outside of any membership. */
export function commitFrame(groupId: string, topic: string, offset: number): Buffer {
  const partition = { partitionIndex: 0, committedOffset: offset, committedMetadata: '' }
  return frameOf((writer) =>
    writer.request(
      OffsetCommit,
      { apiVersion: 7, correlationId: 7, clientId },
      { groupId, memberId: '', topics: [{ name: topic, partitions: [partition] }] },
    ),
  )
}

/** Where the error code of the only partition stands in the answer to `commitFrame`. */
export const commitErrorAt = (topic: string) => 4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4

/** Where the error code of the only partition stands in the answer to `produceFrame`. */
export const produceErrorAt = (topic: string) => 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4

/** Fetch version 4, of one partition. */
export function fetchFrame(
  topic: string,
  partition: number,
  fetchOffset: number,
  bytesMax: number,
  wait: { maxWaitMs: number; minBytes: number } = { maxWaitMs: 0, minBytes: 1 },
): Buffer {
  return frameOf((writer) =>
    writer.request(
      Fetch,
      { apiVersion: 4, correlationId: 4, clientId },
      {
        ...wait,
        replicaId: -1,
        maxBytes: bytesMax,
        isolationLevel: 0,
        topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: bytesMax }] }],
      },
    ),
  )
}

/** Where the error code of the only partition stands in the answer to `fetchFrame`. */
export const fetchErrorAt = (topic: string) => 4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4
/** Bytes of that answer before the records. */
export const fetchOverhead = (topic: string) => fetchErrorAt(topic) + 2 + 8 + 8 + 4 + 4

/** Where a producer's sequence is stamped into a frame that ends with its batch. */
export function stampSequence(
  frame: Buffer,
  batchBytes: number,
  producer: { id: number; epoch: number },
  sequence: number,
): void {
  const at = frame.length - batchBytes
  frame.writeBigInt64BE(BigInt(producer.id), at + 43)
  frame.writeInt16BE(producer.epoch, at + 51)
  frame.writeInt32BE(sequence, at + 53)
  sealBatch(frame, at, batchBytes)
}

/**
 * Frames of one size, one after the other in one buffer and the whole twice, so that any run of up
 * to `count` of them, from anywhere in the cycle, is one piece of memory and one write.
 */
export class FrameRing {
  readonly count: number
  readonly #bytes: Buffer
  readonly #frameBytes: number
  #next = 0

  constructor(frames: readonly Buffer[], countMin: number) {
    const first = frames[0]!
    if (frames.some(({ length }) => length !== first.length)) {
      throw new RangeError('The frames of a ring must be of one size')
    }
    this.#frameBytes = first.length
    this.count = Math.ceil(countMin / frames.length) * frames.length
    const cycle = Array.from({ length: this.count }, (_, i) => frames[i % frames.length]!)
    this.#bytes = Buffer.concat([...cycle, ...cycle])
  }

  /** The next `count` frames as they lie in memory. */
  take(count: number): Buffer {
    const from = this.#next * this.#frameBytes
    this.#next = (this.#next + count) % this.count
    return this.#bytes.subarray(from, from + count * this.#frameBytes)
  }
}
