/** Control records: the markers that end a transaction in a partition (KIP-98). */
import { buildBatch } from './build-batch.ts'
import { fixed } from './fixed.ts'
import { InvalidRecordError } from './records.ts'

/** Kinds 2 and above stand in Kafka's own metadata log only. */
export const controlTypes = { abort: 0, commit: 1 } as const

const markerKey = fixed({ version: 'int16', type: 'int16' })
const markerValue = fixed({ version: 'int16', coordinatorEpoch: 'int32' })

export function controlTypeOf(key: Buffer | null): number {
  if (key === null || key.length < markerKey.sizeBytes)
    throw new InvalidRecordError(`A control record has a key of ${key?.length ?? 0} bytes, not 4`)
  return key.readInt16BE(markerKey.positions.type)
}

export function coordinatorEpochOf(value: Buffer | null): number {
  if (value === null || value.length < markerValue.sizeBytes)
    throw new InvalidRecordError(
      `A transaction marker has a value of ${value?.length ?? 0} bytes, not 6`,
    )
  return value.readInt32BE(markerValue.positions.coordinatorEpoch)
}

/** A batch with one marker, as a leader appends it for the transaction coordinator. */
export function buildTransactionMarker(marker: {
  readonly commit: boolean
  readonly timestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
}): Buffer {
  const { timestamp, producerId, producerEpoch, coordinatorEpoch } = marker
  const type = marker.commit ? controlTypes.commit : controlTypes.abort
  const key = markerKey.write({ version: 0, type })
  const value = markerValue.write({ version: 0, coordinatorEpoch })
  return buildBatch({
    records: [{ timestamp, key, value }],
    producerId,
    producerEpoch,
    transactional: true,
    control: true,
  })
}
