/**
 * Random lives of a log beside a plain model of it. The disk loses unsynced sectors and names when the power
 * goes, is full at times, and fails a write or a sync now and then. After every step both must agree on
 * offsets, records, transactions, epochs and producers.
 *
 * More of it: `PROPERTY_SEED=random PROPERTY_RUNS=100 npx vitest run test/log/model.test.ts`.
 */
import fc from 'fast-check'
import { test } from 'vitest'
import { runs } from '../property-seed.ts'
import { LogLife } from './log-life.ts'
import { checkLife } from './log-life-check.ts'

const kind = fc.record({
  producerId: fc.constantFrom(-1, -1, 2, 1, 3),
  count: fc.integer({ min: 1, max: 4 }),
  ends: fc.constantFrom(undefined, undefined, undefined, true, false),
  bumps: fc.constantFrom(false, false, false, true),
})
const setting = fc.record({
  compact: fc.boolean(),
  delete: fc.boolean(),
  preallocate: fc.constantFrom(false, false, true),
  durable: fc.constantFrom(false, false, true),
})
/** All that they hold is in the batches, and it shows that they are missing. */
const sideFiles = [
  ['.index'],
  ['.index', '.txnindex'],
  ['.timeindex'],
  ['.snapshot'],
  ['leader-epoch-checkpoint'],
]
const part = fc.double({ min: 0, max: 0.999, noNaN: true })
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      kinds: fc.array(kind, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('appendFails' as const),
      kinds: fc.array(kind, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('follow' as const),
      kinds: fc.array(kind, { minLength: 1, maxLength: 4 }),
      holes: fc.array(fc.constantFrom(0, 0, 3), { maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('again' as const, 'gap' as const, 'oldEpoch' as const),
      producerId: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      preallocate: fc.boolean(),
      segmentBytes: fc.constantFrom(500, 600, 1500),
      segmentMs: fc.constantFrom(Infinity, 30),
      segmentIndexBytes: fc.constantFrom(10_485_760, 24),
      indexIntervalBytes: fc.constantFrom(0, 150, 4096),
      retentionBytes: fc.constantFrom(Infinity, 400, 1500),
      flushMessages: fc.constantFrom(Infinity, 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), part }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('truncate' as const, 'deleteRecords' as const),
      part,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'roll' as const,
        'retain' as const,
        'compact' as const,
        'flush' as const,
        'checkpoint' as const,
        'pass' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restartWithout' as const),
      suffixes: fc.subarray(sideFiles, { minLength: 1 }).map((chosen) => chosen.flat()),
      isClean: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'restart' as const,
        'crash' as const,
        'losePower' as const,
        'failSync' as const,
      ),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

async function take(run: LogLife, one: Step): Promise<void> {
  switch (one.do) {
    case 'append':
      return run.append(one.kinds, false)
    case 'appendFails':
      return run.append(one.kinds, true)
    case 'follow':
      return run.follow(one.kinds, one.holes)
    case 'again':
    case 'gap':
    case 'oldEpoch':
      return run.retry(one.do, one.producerId)
    case 'configure': {
      const { do: _, ...change } = one
      return run.configure(change)
    }
    case 'compact':
      return run.compact()
    case 'commit':
      return run.commit(one.part)
    case 'truncate':
      return run.truncate(one.part)
    case 'deleteRecords':
      return run.deleteRecords(one.part)
    case 'roll':
      return run.log.roll()
    case 'retain':
      return run.retain()
    case 'flush':
      return run.flush()
    case 'checkpoint':
      return run.checkpoint()
    case 'pass':
      return run.pass()
    case 'restart':
      return run.restart()
    case 'restartWithout':
      return run.restartWithout(one.suffixes, one.isClean)
    case 'crash':
      return run.crash(false)
    case 'losePower':
      return run.crash(true)
    case 'failSync':
      return run.failSync()
  }
}

test('a log does what the model does, whatever befalls it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2 ** 30 }),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      setting,
      async (seed, steps, chosen) => {
        const run = new LogLife(seed, chosen)
        for (const one of steps) {
          await take(run, one)
          await checkLife(run)
        }
      },
    ),
    { numRuns: runs(300) },
  )
}, 600_000)
