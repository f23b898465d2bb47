/** Kafka's checks on what a producer appends; the texts are its own (ProducerAppendInfo of 4.3). */
import { errors } from '../../../protocol/errors.ts'
import {
  lastSequenceOf,
  type ProducerAppend,
  type ProducerEntry,
  type ProducerMarker,
} from './producer-entry.ts'

export interface ProducerRefusal {
  readonly errorCode: number
  readonly errorMessage: string
}

/**
 * `undefined` when the batch may be appended. `partition` is a name for the texts. Duplicates are to be
 * looked for before.
 */
export function refusalOfBatch(
  entry: ProducerEntry,
  append: ProducerAppend,
  partition: string,
): ProducerRefusal | undefined {
  const { producerId, epoch, firstSequence, firstOffset } = append
  if (epoch < entry.epoch) return staleEpoch(entry, epoch, firstOffset, partition)
  if (epoch !== entry.epoch) {
    // A producer that is not known may begin anywhere: its past may have been deleted (KIP-360).
    if (firstSequence !== 0 && entry.epoch !== -1)
      return {
        errorCode: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code,
        errorMessage: `Invalid sequence number for new epoch of producer ${producerId} at offset ${firstOffset} in partition ${partition}: ${epoch} (request epoch), ${firstSequence} (seq. number), ${entry.epoch} (current producer epoch)`,
      }
  } else if (entry.epoch !== -1 && !follows(lastSequenceOf(entry), firstSequence)) {
    return {
      errorCode: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code,
      errorMessage: `Out of order sequence number for producer ${producerId} at offset ${firstOffset} in partition ${partition}: ${firstSequence} (incoming seq. number), ${lastSequenceOf(entry)} (current end sequence number)`,
    }
  }
  if (entry.transactionFirstOffset >= 0 && !append.transactional)
    return {
      errorCode: errors.INVALID_TXN_STATE.code,
      errorMessage: `Expected transactional write from producer ${producerId} at offset ${firstOffset} in partition ${partition}`,
    }
  return undefined
}

export function refusalOfMarker(
  entry: ProducerEntry,
  marker: ProducerMarker,
  partition: string,
): ProducerRefusal | undefined {
  if (marker.epoch < entry.epoch) return staleEpoch(entry, marker.epoch, marker.offset, partition)
  if (marker.coordinatorEpoch < entry.coordinatorEpoch)
    return {
      errorCode: errors.TRANSACTION_COORDINATOR_FENCED.code,
      errorMessage: `Invalid coordinator epoch for producerId ${marker.producerId} at offset ${marker.offset} in partition ${partition}: ${marker.coordinatorEpoch} (zombie), ${entry.coordinatorEpoch} (current)`,
    }
  return undefined
}

function staleEpoch(
  entry: ProducerEntry,
  epoch: number,
  offset: number,
  partition: string,
): ProducerRefusal {
  return {
    errorCode: errors.INVALID_PRODUCER_EPOCH.code,
    errorMessage: `Epoch of producer ${entry.producerId} at offset ${offset} in ${partition} is ${epoch}, which is smaller than the last seen epoch ${entry.epoch}`,
  }
}

function follows(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === 2 ** 31 - 1)
}
