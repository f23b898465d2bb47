import type { Clock } from '../../env/env.ts'

/**
 * Milliseconds since 1970 that never jump: sessions must not end because somebody sets the clock.
 * It is the wall clock of the start, moved on by the monotonic one.
 */
export function steadyClock(clock: Clock): () => number {
  const offsetMs = clock.wallMs() - clock.monotonicMs()
  return () => Math.floor(offsetMs + clock.monotonicMs())
}
