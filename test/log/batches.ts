import { buildBatch, type NewBatch } from '../../protocol/build-batch.ts'
import { batchSizeOf, readBatchHeader } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import type { Log } from '../../src/log/log.ts'
import type { ReadOptions } from '../../src/log/reader.ts'

/** A batch of records with these values; keys are the same unless given as `key=value`. */
export function batchOf(values: readonly string[], rest: Partial<NewBatch> = {}): Buffer {
  return buildBatch({
    records: values.map((text) => {
      const [key, value] = text.includes('=') ? text.split('=') : ['k', text]
      return {
        timestamp: rest.maxTimestamp ?? Date.now(),
        key: Buffer.from(key!),
        value: value === '' ? null : Buffer.from(value!),
      }
    }),
    ...rest,
  })
}

export function append(log: Log, ...values: string[]) {
  return appendBatch(log, batchOf(values), Math.max(log.leaderEpochs.latest, 0))
}

export function appendBatch(
  log: Log,
  batch: Buffer,
  leaderEpoch = 0,
  origin: 'client' | 'coordinator' = 'client',
) {
  const outcome = log.stageAsLeader(batch, { leaderEpoch, origin })
  log.writeStaged()
  return outcome
}

/** Every batch in `bytes`, by its position. */
export function* batchesIn(bytes: Buffer): Generator<number> {
  for (let at = 0; at < bytes.length; at += batchSizeOf(bytes, at)) yield at
}

export function recordsIn(bytes: Buffer) {
  return [...batchesIn(bytes)].flatMap((at) =>
    [...recordsOf(bytes, at, 1e8)].map(({ offset, key, value }) => [
      offset,
      `${key}=${value ?? ''}`,
    ]),
  )
}

export function headersIn(bytes: Buffer) {
  return [...batchesIn(bytes)].map((at) => readBatchHeader(bytes, at))
}

/** The bytes of all batches from `offset` up to the end of the log. */
export async function readAll(
  log: Log,
  offset = log.logStartOffset,
  options: ReadOptions = {},
): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let at = offset; ; ) {
    const range = { upTo: log.logEndOffset, ...options }
    const read = log.read(at, 1e6, range) ?? (await log.readLater(at, 1e6, range))
    if (read.errorCode !== 0) throw new Error(read.errorMessage)
    if (read.records.length === 0) return Buffer.concat(parts)
    const copy = Buffer.from(read.records)
    read.release()
    parts.push(copy)
    const last = headersIn(copy).at(-1)!
    at = last.baseOffset + last.lastOffsetDelta + 1
  }
}

export async function valuesOf(log: Log, offset = log.logStartOffset): Promise<string[]> {
  return recordsIn(await readAll(log, offset)).map(([, text]) => String(text).replace(/^k=/, ''))
}
