/** Reads batches of `__consumer_offsets` into a machine. */
import { controlTypeOf, controlTypes } from '../../../protocol/control-record.ts'
import {
  batchSizeOf,
  isControl,
  isTransactional,
  producerIdOf,
} from '../../../protocol/record-batch.ts'
import { recordsOf } from '../../../protocol/records.ts'
import type { GroupMachine } from '../../core/group/machine.ts'
import { decodeRecord } from '../../core/group/record.ts'
import type { Logger } from '../../env/env.ts'

/** What a batch of a coordinator may unpack to: Kafka compresses none, tools may. */
const unpackedBytesMax = 64 * 1024 * 1024

export function loadBatches(machine: GroupMachine, batches: Buffer, log: Logger): void {
  for (let at = 0; at < batches.length; at += batchSizeOf(batches, at)) {
    const batch = batches.subarray(at, at + batchSizeOf(batches, at))
    const producerId = isTransactional(batch, 0) ? producerIdOf(batch, 0) : -1
    if (isControl(batch, 0)) {
      for (const { key } of recordsOf(batch, 0, unpackedBytesMax))
        machine.endTransaction(producerId, controlTypeOf(key) === controlTypes.commit)
      continue
    }
    for (const { key, value, offset } of recordsOf(batch, 0, unpackedBytesMax)) {
      try {
        // The log's memory is used again: what is kept must be a copy.
        const stored = { key: Buffer.from(key!), value: value && Buffer.from(value) }
        const record = decodeRecord(stored)
        if (record) machine.apply(record, { offset, producerId })
      } catch (error) {
        // One bad record must not make every group of the partition unavailable.
        const reason = error instanceof Error ? error.message : String(error)
        log.error('A record of a group cannot be read', { offset, reason })
      }
    }
  }
}
