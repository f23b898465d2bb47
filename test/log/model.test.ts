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

const kind = fc.record({
  producerId: fc.constantFrom(-1, -1, 2, 1, 3),
  count: fc.integer({ min: 1, max: 4 }),
  transactional: fc.constant(false),
  ends: fc.constantFrom(undefined, undefined, undefined, true, false),
})
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
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), part }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('truncate' as const, 'deleteRecords' as const),
      part,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'roll' as const,
        'retain' as const,
        'flush' as const,
        'checkpoint' as const,
        'pass' as const,
      ),
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
      return run.env.pass(200)
    case 'restart':
      return run.restart()
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
      async (seed, steps) => {
        const run = new LogLife(seed)
        for (const one of steps) {
          await take(run, one)
          await run.check()
        }
      },
    ),
    { numRuns: runs(300) },
  )
}, 600_000)
