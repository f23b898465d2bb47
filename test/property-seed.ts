/**
 * What property tests draw is the same in every run: a rare failure is hunted on purpose and must not
 * refuse somebody's unrelated work. `PROPERTY_SEED=random` or a number draws anew or that way, and
 * `PROPERTY_RUNS=100` multiplies the runs of properties whose count is given by `runs`. A failure
 * prints its seed and path.
 */
import fc from 'fast-check'

const { PROPERTY_SEED, PROPERTY_RUNS } = process.env
const seed =
  PROPERTY_SEED === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(PROPERTY_SEED ?? 1)
if (!Number.isSafeInteger(seed)) throw new Error(`PROPERTY_SEED is ${PROPERTY_SEED}`)

fc.configureGlobal({ seed })

/** How often a property is tried: the count of an ordinary run, multiplied as asked for. */
export const runs = (count: number): number => count * Number(PROPERTY_RUNS ?? 1)
