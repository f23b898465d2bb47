/** What a measurement has started and made goes with it, also when it is interrupted. */

const cleanUps = new Set<() => void>()
const signals = ['SIGINT', 'SIGTERM'] as const

function interrupted(): void {
  process.exit(130)
}

function cleanUp(): void {
  // What came last depends on what was there.
  for (const one of [...cleanUps].reverse())
    try {
      one()
    } catch {
      // The others are cleaned up all the same.
    }
}

/** Runs `one` when this process ends, however; what it waits for must be synchronous. Returns what calls it off. */
export function atExit(one: () => void): () => void {
  if (cleanUps.size === 0) {
    process.on('exit', cleanUp)
    for (const signal of signals) process.on(signal, interrupted)
  }
  cleanUps.add(one)
  return () => {
    if (!cleanUps.delete(one) || cleanUps.size > 0) return
    process.off('exit', cleanUp)
    for (const signal of signals) process.off(signal, interrupted)
  }
}
