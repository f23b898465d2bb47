import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProducerEntry } from '../../src/core/producer/producer-entry.ts'
import { runs } from '../property-seed.ts'
import { CompactionLife, steps } from './compaction-life.ts'
import { finalState } from './compaction-model.ts'

/** What must outlive a compaction of a producer: enough to tell its next batch from a gap. */
function continuation(entry: ProducerEntry) {
  const { producerId, epoch, batches, coordinatorEpoch, transactionFirstOffset } = entry
  const { lastSequence, lastOffset } = batches.at(-1) ?? {}
  return { producerId, epoch, lastSequence, lastOffset, coordinatorEpoch, transactionFirstOffset }
}

const seeds = fc.integer({ min: 1, max: 1e6 })
/** Up to how many bytes a batch is handled at once: all, none, some. */
const smallBytes = fc.constantFrom(undefined, 0, 120)

test('compaction keeps exactly what the plain model keeps', async () => {
  await fc.assert(
    fc.asyncProperty(steps, seeds, smallBytes, async (all, seed, small) => {
      const life = new CompactionLife(seed, undefined, {}, small)
      await life.run([...all, { kind: 'roll' }, { kind: 'compact', afterMs: 0 }])
      expect(await life.records()).toEqual(life.model.flatMap(({ records }) => records))
    }),
    { numRuns: runs(150) },
  )
}, 600_000)

test('with little memory it takes several passes and keeps the last value of each key', async () => {
  await fc.assert(
    fc.asyncProperty(steps, seeds, async (all, seed) => {
      const life = new CompactionLife(seed, 16 * 24)
      await life.run([...all, { kind: 'roll' }, { kind: 'compact', afterMs: 0 }])
      const kept = await life.records()
      const byOffset = new Map(
        life.history.flatMap(({ records, isAborted }) =>
          records.map((record) => [record.offset, { record, isAborted }]),
        ),
      )
      expect(kept).toEqual(kept.map(({ offset }) => byOffset.get(offset)!.record))
      const left = kept.map((record) => ({
        records: [record],
        isAborted: byOffset.get(record.offset)!.isAborted,
        horizonMs: undefined,
      }))
      expect(finalState(left)).toEqual(finalState(life.history))
    }),
    { numRuns: runs(60) },
  )
}, 600_000)

test('a log opens after compaction with the same end, producers and records', async () => {
  await fc.assert(
    fc.asyncProperty(steps, seeds, async (all, seed) => {
      const life = new CompactionLife(seed)
      await life.run([...all, { kind: 'roll' }, { kind: 'compact', afterMs: 0 }])
      const before = await life.records()
      const { log } = life
      const producers = [...log.producers.entries()]
      const again = await life.lonely.finish(life.reopen())
      expect(again.logEndOffset).toBe(log.logEndOffset)
      expect(await life.records(again)).toEqual(before)
      const byId = (a: ProducerEntry, b: ProducerEntry) => a.producerId - b.producerId
      expect([...again.producers.entries()].sort(byId).map(continuation)).toEqual(
        producers.sort(byId).map(continuation),
      )
    }),
    { numRuns: runs(60) },
  )
}, 600_000)
