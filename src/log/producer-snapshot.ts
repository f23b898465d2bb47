/**
 * The producers of a partition, as they were before the record at the offset in the file's name:
 *
 * ```
 * int16 version 1 | uint32 CRC-32C of what follows | int32 count | per producer:
 *   int64 producerId | int16 epoch | int32 lastSequence | int64 lastOffset | int32 offsetDelta
 *   | int64 timestamp | int32 coordinatorEpoch | int64 currentTxnFirstOffset (-1: none)
 * ```
 *
 * Only the last batch of each producer is kept, as in Kafka: those before it are looked for in the log (`producer-store.ts`).
 */
import { crc32c } from '../../protocol/crc32c.ts'
import { fixed } from '../../protocol/fixed.ts'
import type { ProducerEntry } from '../core/producer/producer-entry.ts'

const header = fixed({ version: 'int16', crc: 'uint32', count: 'int32' })
export const snapshotEntryLayout = fixed({
  producerId: 'int64',
  epoch: 'int16',
  lastSequence: 'int32',
  lastOffset: 'int64',
  offsetDelta: 'int32',
  timestamp: 'int64',
  coordinatorEpoch: 'int32',
  currentTxnFirstOffset: 'int64',
})
const version = 1

/** A snapshot that is damaged: an older one is used instead. */
export class SnapshotError extends Error {
  override name = 'SnapshotError'
}

export function formatSnapshot(entries: readonly ProducerEntry[]): Buffer {
  const size = snapshotEntryLayout.sizeBytes
  const bytes = Buffer.alloc(header.sizeBytes + entries.length * size)
  header.write({ version, crc: 0, count: entries.length }, bytes)
  entries.forEach((entry, i) => {
    const last = entry.batches.at(-1)
    const value = {
      producerId: entry.producerId,
      epoch: entry.epoch,
      lastSequence: last?.lastSequence ?? -1,
      lastOffset: last?.lastOffset ?? -1,
      offsetDelta: last?.offsetDelta ?? 0,
      timestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnFirstOffset: entry.transactionFirstOffset,
    }
    snapshotEntryLayout.write(value, bytes, header.sizeBytes + i * size)
  })
  bytes.writeUInt32BE(crc32c(bytes.subarray(header.positions.count)), header.positions.crc)
  return bytes
}

export function parseSnapshot(bytes: Buffer): ProducerEntry[] {
  if (bytes.length < header.sizeBytes)
    throw new SnapshotError(`A snapshot of ${bytes.length} bytes is too short`)
  const found = header.read(bytes)
  if (found.version !== version) throw new SnapshotError(`Version ${found.version} is not known`)
  const crc = crc32c(bytes.subarray(header.positions.count))
  if (crc !== found.crc) throw new SnapshotError(`The checksum is ${crc}, not ${found.crc}`)
  const size = snapshotEntryLayout.sizeBytes
  if (bytes.length !== header.sizeBytes + found.count * size)
    throw new SnapshotError(`${found.count} producers do not fit in ${bytes.length} bytes`)
  return Array.from({ length: found.count }, (_, i) => {
    const entry = snapshotEntryLayout.read(bytes, header.sizeBytes + i * size)
    const { producerId, epoch, lastSequence, lastOffset, offsetDelta, timestamp } = entry
    // A producer of which only a marker is known has no batch to remember.
    const batches =
      lastOffset < 0
        ? []
        : [
            {
              firstSequence: lastSequence < 0 ? -1 : sequenceBefore(lastSequence, offsetDelta),
              lastSequence,
              lastOffset,
              offsetDelta,
              timestamp,
            },
          ]
    return {
      producerId,
      epoch,
      batches,
      coordinatorEpoch: entry.coordinatorEpoch,
      transactionFirstOffset: entry.currentTxnFirstOffset,
      lastTimestamp: timestamp,
    }
  })
}

function sequenceBefore(sequence: number, count: number): number {
  return sequence >= count ? sequence - count : sequence - count + 2 ** 31
}
