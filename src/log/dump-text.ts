/** Dumped entries as lines, in the form of Kafka's `kafka-dump-log`, which scripts know. */

import type { ProducerEntry } from '../core/producer/producer-entry.ts'
import type { DumpEntry, DumpedBatch, DumpedRecord } from './dump.ts'

export function dumpLine(entry: DumpEntry): string {
  switch (entry.kind) {
    case 'batch':
      return batchLine(entry.batch)
    case 'record':
      return recordLine(entry.record)
    case 'offsetIndex':
      return fields({ offset: entry.offset, position: entry.position })
    case 'timeIndex':
      return fields({ timestamp: entry.timestamp, offset: entry.offset })
    case 'abortedTransaction':
      return fields({ version: 0, ...entry.transaction })
    case 'producer':
      return producerLine(entry.producer)
    case 'leaderEpoch':
      return fields({ epoch: entry.epoch, startOffset: entry.startOffset })
    case 'offset':
      return fields({ topic: entry.topic, partition: entry.partition, offset: entry.offset })
    case 'topicId':
      return fields({ topicId: entry.topicId })
    case 'damage':
      return `Damage at position ${entry.position}: ${entry.problem}`
  }
}

function fields(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${value}`)
    .join(' ')
}

function optional(value: number | undefined): string {
  return value === undefined ? 'OptionalLong.empty' : `OptionalLong[${value}]`
}

function batchLine(batch: DumpedBatch): string {
  return fields({
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    count: batch.recordCount,
    baseSequence: batch.baseSequence,
    lastSequence: batch.lastSequence,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    deleteHorizonMs: optional(batch.deleteHorizonMs),
    position: batch.position,
    [batch.timestampType]: batch.maxTimestamp,
    size: batch.sizeBytes,
    magic: batch.magic,
    compresscodec: batch.codec,
    crc: batch.crc,
    isvalid: batch.isValid,
  })
}

function recordLine(record: DumpedRecord): string {
  const { key, value, marker } = record
  const line = fields({
    offset: record.offset,
    [record.timestampType]: record.timestamp,
    keySize: key?.length ?? -1,
    valueSize: value?.length ?? -1,
    sequence: record.sequence,
    headerKeys: `[${record.headers.map((header) => header.key).join(',')}]`,
  })
  if (marker) {
    const endTxnMarker = marker.commit ? 'COMMIT' : 'ABORT'
    return `| ${line} ${fields({ endTxnMarker, coordinatorEpoch: marker.coordinatorEpoch })}`
  }
  return `| ${line}${part(' key', key)}${part(' payload', value)}`
}

function part(name: string, bytes: Buffer | null): string {
  return bytes === null ? '' : `${name}: ${printable(bytes.toString())}`
}

/** Records hold anything: what would act on a terminal, or end the line, is shown by its number. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function producerLine(producer: ProducerEntry): string {
  const last = producer.batches.at(-1)
  return fields({
    producerId: producer.producerId,
    producerEpoch: producer.epoch,
    coordinatorEpoch: producer.coordinatorEpoch,
    currentTxnFirstOffset: optional(
      producer.transactionFirstOffset < 0 ? undefined : producer.transactionFirstOffset,
    ),
    lastTimestamp: producer.lastTimestamp,
    ...(last && {
      firstSequence: last.firstSequence,
      lastSequence: last.lastSequence,
      lastOffset: last.lastOffset,
      offsetDelta: last.offsetDelta,
      timestamp: last.timestamp,
    }),
  })
}
