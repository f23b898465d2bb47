/**
 * Whole batches where they lie in a segment, so that a fetch can send them without reading them. The offset
 * index tells where batches begin, and so where to cut; a batch that has no entry there goes with the next fetch.
 *
 * Only bytes that this process wrote lately are sent so: nothing looks at them on their way.
 */
import {
  baseOffsetOf,
  batchHeaderBytes,
  batchSizeOf,
  lastOffsetOf,
  magicOf,
} from '../../protocol/record-batch.ts'
import { ByteRange } from '../../protocol/slab.ts'
import type { File } from '../env/env.ts'
import type { Log } from './log.ts'
import type { LogRead } from './read.ts'
import type { Segment } from './segment.ts'

/** So many headers are read on the way from an entry of the index to the batch that is wanted. */
const stepsMax = 4

export class FileRange extends ByteRange {
  readonly file: File
  readonly position: number
  readonly length: number
  readonly #segment: Segment
  #copy: Buffer | undefined
  #isHeld = true

  constructor(segment: Segment, position: number, length: number) {
    super()
    this.file = segment.file.pin()
    this.position = position
    this.length = length
    this.#segment = segment
  }

  /**
   * Reads what was not sent, to memory that is valid until `release`.
   * @throws what the file system throws; the segment is then read with more care.
   */
  copy(from: number): Buffer {
    const { file, position, length } = this
    const { disk, file: source } = this.#segment
    const bytes = length - from
    this.#copy = disk.resources.buffers.take(bytes)
    try {
      const count = file.read(this.#copy, 0, bytes, position + from)
      if (count < bytes) throw new Error(`${source.path} ends at ${position + from + count}`)
    } catch (error) {
      this.#segment.distrust()
      throw error
    }
    return this.#copy.subarray(0, bytes)
  }

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#segment.file.unpin()
    if (this.#copy) this.#segment.disk.resources.buffers.give(this.#copy)
    this.#copy = undefined
  }
}

export interface WantedRange {
  readonly offset: number
  readonly bytesMin: number
  readonly bytesMax: number
  /** Batches that reach this offset are left out. */
  readonly upTo: number
  /** Where the segment ends. */
  readonly endOffset: number
  readonly indexIntervalBytes: number
}

/** As `Log.range` says; the offset is within the log. */
export function rangeInPlace(
  { config, segments, disk, logEndOffset }: Log,
  offset: number,
  bytesMax: number,
  upTo: number,
): LogRead<FileRange> | undefined {
  const i = Math.max(segments.indexFor(offset), 0)
  const segment = segments.list[i]
  if (segment === undefined || segment.baseOffset >= upTo) return undefined
  try {
    const range = findRange(segment, {
      offset,
      bytesMin: disk.env.net.sendFileBytesMin,
      bytesMax,
      upTo,
      endOffset: segments.list[i + 1]?.baseOffset ?? logEndOffset,
      indexIntervalBytes: config.indexIntervalBytes,
    })
    if (range !== undefined) disk.resources.demand.count++
    return range
  } catch {
    return undefined // The read will tell what is wrong.
  }
}

/** `undefined` when it cannot be told without reading the batches, or they are few. */
export function findRange(segment: Segment, wanted: WantedRange): LogRead<FileRange> | undefined {
  const { offset, bytesMin, bytesMax, upTo, indexIntervalBytes } = wanted
  if (bytesMax < bytesMin) return undefined
  const found = segment.find(offset, indexIntervalBytes)
  if (segment.sizeBytes - found.position < bytesMin || !segment.isTrusted(found.position))
    return undefined
  const first = found.batchBytes > 0 ? found : firstBatch(segment, found.position, offset)
  if (first === undefined) return undefined
  const end = findEnd(segment, first.position + bytesMax, wanted)
  if (end === undefined || end.position - first.position < bytesMin) return undefined
  segment.readTo = {
    offset: end.offset,
    position: end.position,
    batchBytes: end.batchBytes || first.batchBytes,
  }
  const range = new FileRange(segment, first.position, end.position - first.position)
  return {
    errorCode: 0,
    records: range,
    isPartial: end.offset < upTo,
    release: () => range.release(),
  }
}

/** The batch that contains `offset`, where it is not far behind `from`. */
function firstBatch(segment: Segment, from: number, offset: number) {
  let position = from
  for (let step = 0; step < stepsMax; step++) {
    const header = headerAt(segment, position)
    if (header === undefined) return undefined
    const batchBytes = batchSizeOf(header, 0)
    if (lastOffsetOf(header, 0) >= offset) return { position, batchBytes }
    position += batchBytes
  }
  return undefined
}

/** The last place up to `positionMax` where a batch begins, and its offset: none of those before it reaches `upTo`. */
function findEnd(
  segment: Segment,
  positionMax: number,
  { upTo, endOffset, indexIntervalBytes }: WantedRange,
) {
  if (segment.sizeBytes <= positionMax && endOffset <= upTo)
    return { position: segment.sizeBytes, offset: endOffset, batchBytes: 0 }
  segment.checkIndexes(indexIntervalBytes)
  const { offsetIndex } = segment
  const entry = Math.min(offsetIndex.floorOfPosition(positionMax), offsetIndex.floor(upTo - 1))
  if (entry < 0) return undefined
  const position = offsetIndex.positionAt(entry)
  const header = headerAt(segment, position)
  if (header === undefined || lastOffsetOf(header, 0) !== offsetIndex.offsetAt(entry))
    return undefined
  return { position, offset: baseOffsetOf(header, 0), batchBytes: batchSizeOf(header, 0) }
}

const header = Buffer.alloc(batchHeaderBytes)

/** Valid until the next call. */
function headerAt(segment: Segment, position: number): Buffer | undefined {
  const count = segment.file.get().read(header, 0, batchHeaderBytes, position)
  const isHeader =
    count === batchHeaderBytes &&
    magicOf(header, 0) === 2 &&
    batchSizeOf(header, 0) >= batchHeaderBytes &&
    batchSizeOf(header, 0) <= segment.sizeBytes - position
  return isHeader ? header : undefined
}
