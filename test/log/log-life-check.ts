/** Asks the log of a `LogLife` everything that can be asked, and compares with the model. */
import { expect } from 'vitest'
import { headersIn } from './batches.ts'
import type { LogLife } from './log-life.ts'
import type { Batch } from './log-life-batches.ts'

export async function checkLife(life: LogLife): Promise<void> {
  const { log, start, end, highWatermark } = life
  expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([
    start,
    end,
    highWatermark,
  ])
  const from = start + Math.floor(life.random() * (end - start + 1))
  await checkReads(life, from)
  checkTransactions(life, from)
  checkProducers(life)
  await checkTimestamps(life, from)
  for (const { first, last, epoch } of life.batches)
    if (first >= start && last < end) expect(log.leaderEpochs.epochAt(first)).toBe(epoch)
}

async function checkReads({ log, batches, end }: LogLife, from: number): Promise<void> {
  const options = { upTo: end }
  let next = from
  for (const limit of [1, 300, 5000]) {
    const read = log.read(next, limit, options) ?? (await log.readLater(next, limit, options))
    expect(read.errorCode).toBe(0)
    const offsets = headersIn(read.records).map(({ baseOffset }) => baseOffset)
    const wanted = batches.filter(({ last }) => last >= next)
    const model = wanted.slice(0, offsets.length)
    expect(offsets).toEqual(model.map(({ first }) => first))
    expect(read.records.equals(Buffer.concat(model.map(({ bytes }) => bytes)))).toBe(true)
    if (wanted.length > 0) expect(offsets.length).toBeGreaterThan(0)
    checkFull(log.segments, limit, model.at(-1), wanted[offsets.length], read.records.length)
    next = model.length > 0 ? model.at(-1)!.last + 1 : next
    read.release()
  }
}

/** A read ends where the next batch does not fit, or is in another segment. */
function checkFull(
  segments: LogLife['log']['segments'],
  limit: number,
  last: Batch | undefined,
  following: Batch | undefined,
  bytes: number,
): void {
  if (!last || !following || segments.indexFor(following.last) > segments.indexFor(last.last))
    return
  expect(bytes + following.bytes.length).toBeGreaterThan(limit)
}

function checkProducers({ log, batches, start, producers }: LogLife): void {
  for (const [producerId, { sequence, epoch }] of producers.states) {
    const newest = batches.findLast(
      (batch) => batch.producerId === producerId && batch.sequence >= 0,
    )
    // Producers whose batches were all deleted may be forgotten.
    if (newest === undefined || newest.last < start) continue
    const entry = log.producers.entry(producerId)
    const known = entry?.batches.at(-1)
    expect([entry?.epoch, known?.lastSequence, known?.lastOffset]).toEqual([
      epoch,
      sequence - 1,
      newest.last,
    ])
  }
}

async function checkTimestamps({ log, batches, start }: LogLife, from: number): Promise<void> {
  const records = batches.flatMap((batch) =>
    batch.offsets.map((offset) => ({ offset, timestamp: batch.timestamp })),
  )
  const timestamp = records.find(({ offset }) => offset >= from)?.timestamp
  if (timestamp === undefined) return
  const first = records.find((record) => record.timestamp >= timestamp && record.offset >= start)!
  expect((await log.offsetForTimestamp(timestamp))?.offset).toBe(first.offset)
}

function checkTransactions({ log, batches, start, end, highWatermark }: LogLife, from: number) {
  const open = new Map<number, Batch[]>()
  const aborted: { producerId: number; data: Batch[]; lastOffset: number }[] = []
  for (const batch of batches) {
    if (!batch.transactional) continue
    const data = open.get(batch.producerId) ?? []
    if (batch.commits === undefined) open.set(batch.producerId, [...data, batch])
    else {
      open.delete(batch.producerId)
      if (!batch.commits && data.length > 0)
        aborted.push({ producerId: batch.producerId, data, lastOffset: batch.last })
    }
  }
  // One that began before the start of the log may be forgotten.
  const begun = [...open.values()].map(([batch]) => batch!.first).filter((first) => first >= start)
  // An end that is not committed yet still holds readers back.
  expect(log.lastStableOffset).toBeLessThanOrEqual(Math.min(highWatermark, ...begun))
  const found = log.abortedTransactions(from, end)
  const isRead = ({ last, records }: Batch) => last >= from && records.length > 0
  for (const { producerId, data, lastOffset } of aborted)
    if (data[0]!.first >= start && data.some(isRead))
      expect(found).toContainEqual(
        expect.objectContaining({ producerId, lastOffset, firstOffset: data[0]!.first }),
      )
  const markers = batches.filter(({ commits }) => commits === false).map(({ last }) => last)
  for (const { lastOffset } of found) expect(markers).toContain(lastOffset)
}
