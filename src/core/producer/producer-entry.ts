/**
 * What a partition knows of one idempotent producer (KIP-98): enough to tell a new batch from a
 * duplicate and from a gap. Entries are never changed, so that an append that fails is undone by putting
 * the old entry back.
 */
import { sequenceAfter } from '../../../protocol/record-batch.ts'

/** As many batches as a client may have in flight (KIP-185). */
const batchesKeptMax = 5

export interface ProducerBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly lastOffset: number
  /** The last offset minus the first. */
  readonly offsetDelta: number
  /** The largest timestamp in the batch. */
  readonly timestamp: number
}

export interface ProducerEntry {
  readonly producerId: number
  /** -1 before the first batch. */
  readonly epoch: number
  /** The latest ones of this epoch, oldest first. */
  readonly batches: readonly ProducerBatch[]
  /** Of the last transaction marker; -1 when there was none. */
  readonly coordinatorEpoch: number
  /** Where the open transaction begins; -1 when none is open. */
  readonly transactionFirstOffset: number
  /** When the producer was last seen, by the timestamps of its batches and markers. */
  readonly lastTimestamp: number
}

/** The fields of a batch, or of a marker, that matter here. */
export interface ProducerAppend {
  readonly producerId: number
  readonly epoch: number
  readonly firstSequence: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly timestamp: number
  readonly transactional: boolean
}

export interface ProducerMarker {
  readonly producerId: number
  readonly epoch: number
  readonly coordinatorEpoch: number
  readonly offset: number
  readonly timestamp: number
  readonly commit: boolean
}

export function emptyEntry(producerId: number): ProducerEntry {
  return {
    producerId,
    epoch: -1,
    batches: [],
    coordinatorEpoch: -1,
    transactionFirstOffset: -1,
    lastTimestamp: -1,
  }
}

export function lastSequenceOf(entry: ProducerEntry): number {
  return entry.batches.at(-1)?.lastSequence ?? -1
}

/** The batch that was accepted before with the same sequence numbers. */
export function duplicateOf(
  entry: ProducerEntry,
  epoch: number,
  firstSequence: number,
  recordCount: number,
): ProducerBatch | undefined {
  if (entry.epoch !== epoch) return undefined
  const lastSequence = sequenceAfter(firstSequence, recordCount - 1)
  return entry.batches.find(
    (batch) => batch.firstSequence === firstSequence && batch.lastSequence === lastSequence,
  )
}

export function withBatch(entry: ProducerEntry, append: ProducerAppend): ProducerEntry {
  const offsetDelta = append.lastOffset - append.firstOffset
  const batch = {
    firstSequence: append.firstSequence,
    lastSequence: append.firstSequence < 0 ? -1 : sequenceAfter(append.firstSequence, offsetDelta),
    lastOffset: append.lastOffset,
    offsetDelta,
    timestamp: append.timestamp,
  }
  const kept = entry.epoch === append.epoch ? entry.batches : []
  const opens = append.transactional && entry.transactionFirstOffset < 0
  return {
    producerId: entry.producerId,
    epoch: append.epoch,
    batches: [...kept.slice(-(batchesKeptMax - 1)), batch],
    coordinatorEpoch: entry.coordinatorEpoch,
    transactionFirstOffset: opens ? append.firstOffset : entry.transactionFirstOffset,
    lastTimestamp: append.timestamp,
  }
}

/** Whether the batch comes before those that are known, and may yet be one of the latest. */
export function mayPrecede(
  entry: ProducerEntry,
  { epoch, firstSequence }: ProducerAppend,
): boolean {
  const [first] = entry.batches
  if (first === undefined || epoch !== entry.epoch) return false
  const distance = (first.firstSequence - firstSequence + 2 ** 31) % 2 ** 31
  return entry.batches.length < batchesKeptMax && distance > 0 && distance < 2 ** 30
}

/** With batches from before those it has, as far as their sequences lead up to them; oldest first. */
export function withEarlier(
  entry: ProducerEntry,
  appends: readonly ProducerAppend[],
): ProducerEntry {
  let known: readonly ProducerBatch[] = entry.batches
  for (let i = appends.length - 1; i >= 0 && known.length < batchesKeptMax; i--) {
    const first = known[0]
    const append = appends[i]!
    if (first === undefined || append.epoch !== entry.epoch) break
    if (append.lastOffset > first.lastOffset - first.offsetDelta - 1) continue
    const [batch] = withBatch(emptyEntry(entry.producerId), append).batches
    if (batch === undefined || sequenceAfter(batch.lastSequence, 1) !== first.firstSequence) break
    known = [batch, ...known]
  }
  return { ...entry, batches: known }
}

export function withMarker(entry: ProducerEntry, marker: ProducerMarker): ProducerEntry {
  return {
    producerId: entry.producerId,
    epoch: marker.epoch,
    batches: entry.epoch === marker.epoch ? entry.batches : [],
    coordinatorEpoch: marker.coordinatorEpoch,
    transactionFirstOffset: -1,
    lastTimestamp: marker.timestamp,
  }
}
