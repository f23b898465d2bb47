/**
 * What stands in the files of a log, entry by entry: for people and for tools. Works on Kafka's files as on
 * ours. Nothing is repaired and nothing is written; damage is an entry like others.
 */
import { codecNames } from '../../protocol/compression.ts'
import { controlTypeOf, controlTypes, coordinatorEpochOf } from '../../protocol/control-record.ts'
import { readInt64 } from '../../protocol/fixed.ts'
import {
  attributesOf,
  type BatchHeader,
  compressionMask,
  deleteHorizonBit,
  isControl,
  isTransactional,
  lastOffsetOf,
  logAppendTimeBit,
  readBatchHeader,
  sequenceAfter,
} from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import type { ProducerEntry } from '../core/producer/producer-entry.ts'
import type { Files } from '../env/env.ts'
import { BatchScanner } from './batch-scanner.ts'
import { checkpointFiles, parseEpochs, parseOffsets, parsePartitionMetadata } from './checkpoint.ts'
import { leaderEpochFile, parseFileName, partitionMetadataFile, suffixes } from './file-names.ts'
import { parseSnapshot } from './producer-snapshot.ts'
import { type AbortedTransaction, readAbortedTransactions } from './transaction-index.ts'

export type DumpEntry =
  | { readonly kind: 'batch'; readonly batch: DumpedBatch }
  | { readonly kind: 'record'; readonly record: DumpedRecord }
  | { readonly kind: 'offsetIndex'; readonly offset: number; readonly position: number }
  | { readonly kind: 'timeIndex'; readonly timestamp: number; readonly offset: number }
  | { readonly kind: 'abortedTransaction'; readonly transaction: AbortedTransaction }
  | { readonly kind: 'producer'; readonly producer: ProducerEntry }
  | { readonly kind: 'leaderEpoch'; readonly epoch: number; readonly startOffset: number }
  | {
      readonly kind: 'offset'
      readonly topic: string
      readonly partition: number
      readonly offset: number
    }
  | { readonly kind: 'topicId'; readonly topicId: string }
  /** Bytes that are not what they should be. */
  | { readonly kind: 'damage'; readonly position: number; readonly problem: string }

export interface DumpedBatch extends BatchHeader {
  readonly position: number
  readonly sizeBytes: number
  readonly lastOffset: number
  readonly lastSequence: number
  readonly codec: string
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly deleteHorizonMs: number | undefined
  readonly isValid: boolean
}

export interface DumpedRecord {
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly sequence: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
  readonly marker: { readonly commit: boolean; readonly coordinatorEpoch: number } | undefined
}

export interface DumpOptions {
  /** Records too, not only batches. */
  readonly records: boolean
  /** What one batch may unpack to. */
  readonly unpackedBytesMax: number
}

const textFiles = new Set<string>(Object.values(checkpointFiles))

/** Whether `dumpFile` knows files of this name. */
export function isDumpable(name: string): boolean {
  const suffix = parseFileName(name)?.suffix
  const known: (string | undefined)[] = [
    suffixes.log,
    suffixes.offsetIndex,
    suffixes.timeIndex,
    suffixes.transactionIndex,
    suffixes.snapshot,
  ]
  return (
    textFiles.has(name) ||
    name === leaderEpochFile ||
    name === partitionMetadataFile ||
    (suffix !== undefined && known.includes(suffix))
  )
}

/** Throws RangeError for a file of another kind, and what reading throws. */
export function* dumpFile(files: Files, path: string, options: DumpOptions): Generator<DumpEntry> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const parsed = parseFileName(name)
  if (parsed?.suffix === suffixes.log) {
    yield* dumpLog(files, path, options)
    return
  }
  if (!isDumpable(name)) throw new RangeError(`${path} is no file of a log`)
  try {
    yield* dumpSmall(name, parsed?.baseOffset ?? 0, files.readFile(path))
  } catch (error) {
    yield { kind: 'damage', position: 0, problem: (error as Error).message }
  }
}

function* dumpSmall(name: string, baseOffset: number, bytes: Buffer): Generator<DumpEntry> {
  const suffix = parseFileName(name)?.suffix
  if (suffix === suffixes.offsetIndex) yield* dumpOffsetIndex(bytes, baseOffset)
  else if (suffix === suffixes.timeIndex) yield* dumpTimeIndex(bytes, baseOffset)
  else if (suffix === suffixes.transactionIndex)
    for (const transaction of readAbortedTransactions(bytes))
      yield { kind: 'abortedTransaction', transaction }
  else if (suffix === suffixes.snapshot)
    for (const producer of parseSnapshot(bytes)) yield { kind: 'producer', producer }
  else if (name === leaderEpochFile)
    for (const entry of parseEpochs(bytes)) yield { kind: 'leaderEpoch', ...entry }
  else if (name === partitionMetadataFile)
    yield { kind: 'topicId', topicId: parsePartitionMetadata(bytes) }
  else for (const entry of parseOffsets(bytes)) yield { kind: 'offset', ...entry }
}

function* dumpOffsetIndex(bytes: Buffer, baseOffset: number): Generator<DumpEntry> {
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const offset = baseOffset + bytes.readInt32BE(at)
    const position = bytes.readInt32BE(at + 4)
    // Kafka gives index files their full size while they are written: zeros follow the entries.
    if (position === 0) return
    yield { kind: 'offsetIndex', offset, position }
  }
  if (bytes.length % 8 !== 0) yield partOfEntry(bytes, 8)
}

function* dumpTimeIndex(bytes: Buffer, baseOffset: number): Generator<DumpEntry> {
  for (let at = 0; at + 12 <= bytes.length; at += 12) {
    const timestamp = readInt64(bytes, at)
    const offset = baseOffset + bytes.readInt32BE(at + 8)
    if (timestamp === 0 && offset === baseOffset && at > 0) return
    yield { kind: 'timeIndex', timestamp, offset }
  }
  if (bytes.length % 12 !== 0) yield partOfEntry(bytes, 12)
}

function partOfEntry(bytes: Buffer, entryBytes: number): DumpEntry {
  const position = bytes.length - (bytes.length % entryBytes)
  return { kind: 'damage', position, problem: 'the file ends within an entry' }
}

function* dumpLog(files: Files, path: string, options: DumpOptions): Generator<DumpEntry> {
  const file = files.open(path, 'read')
  try {
    const scanner = new BatchScanner(file, 0, file.sizeBytes(), 1024 * 1024)
    for (;;) {
      while (scanner.next()) yield* dumpBatch(scanner, options)
      if (scanner.problem === undefined) return
      yield { kind: 'damage', position: scanner.position, problem: scanner.problem }
      if (!scanner.resync()) return
      yield* dumpBatch(scanner, options)
    }
  } finally {
    file.close()
  }
}

function* dumpBatch(scanner: BatchScanner, options: DumpOptions): Generator<DumpEntry> {
  const isValid = scanner.loadWhole()
  const { bytes, at, position } = scanner
  const header = readBatchHeader(bytes, at)
  const attributes = attributesOf(bytes, at)
  const batch: DumpedBatch = {
    ...header,
    position,
    sizeBytes: scanner.size,
    lastOffset: lastOffsetOf(bytes, at),
    lastSequence:
      header.baseSequence < 0 ? -1 : sequenceAfter(header.baseSequence, header.lastOffsetDelta),
    codec: codecNames[attributes & compressionMask] ?? String(attributes & compressionMask),
    timestampType: attributes & logAppendTimeBit ? 'LogAppendTime' : 'CreateTime',
    isTransactional: isTransactional(bytes, at),
    isControl: isControl(bytes, at),
    deleteHorizonMs: attributes & deleteHorizonBit ? header.baseTimestamp : undefined,
    isValid,
  }
  yield { kind: 'batch', batch }
  if (!options.records || !isValid) return
  try {
    for (const record of recordsOf(bytes, at, options.unpackedBytesMax)) {
      const delta = record.offset - batch.baseOffset
      yield {
        kind: 'record',
        record: {
          ...record,
          timestampType: batch.timestampType,
          sequence: batch.baseSequence < 0 ? -1 : sequenceAfter(batch.baseSequence, delta),
          marker: batch.isControl ? markerOf(record.key, record.value) : undefined,
        },
      }
    }
  } catch (error) {
    yield { kind: 'damage', position, problem: (error as Error).message }
  }
}

function markerOf(key: Buffer | null, value: Buffer | null): DumpedRecord['marker'] {
  const type = controlTypeOf(key)
  if (type !== controlTypes.commit && type !== controlTypes.abort) return undefined
  return { commit: type === controlTypes.commit, coordinatorEpoch: coordinatorEpochOf(value) }
}
