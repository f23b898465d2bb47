/** Which segments are too old or too many (Kafka's `UnifiedLog.deleteOldSegments`). */
import type { Env } from '../env/env.ts'
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'

/**
 * The wall clock, distrusted: when it jumps ahead of the monotonic clock, what is older by the new time is
 * not deleted before the new time has stood for a while, so that somebody can notice (R17 of the
 * fault catalogue: a clock set to the wrong year must not empty every topic).
 */
export class RetentionClock {
  readonly #env: Env
  /** Wall minus monotonic, as trusted. */
  #offsetMs: number
  /** When the wall clock jumped, by the monotonic one. */
  #jumpedAtMs: number | undefined

  constructor(env: Env) {
    this.#env = env
    this.#offsetMs = env.clock.wallMs() - env.clock.monotonicMs()
  }

  now(): number {
    const { clock, log } = this.#env
    const monotonicMs = clock.monotonicMs()
    const offsetMs = clock.wallMs() - monotonicMs
    const aheadMs = offsetMs - this.#offsetMs
    if (aheadMs <= jumpMsMax) {
      this.#offsetMs = offsetMs
      this.#jumpedAtMs = undefined
    } else if (this.#jumpedAtMs === undefined) {
      this.#jumpedAtMs = monotonicMs
      log.warn(
        'Wall clock has jumped ahead: retention by time goes on with the old time for a day',
        {
          aheadMs: Math.round(aheadMs),
        },
      )
    } else if (monotonicMs - this.#jumpedAtMs > distrustMs) {
      log.warn('Wall clock is trusted again', { aheadMs: Math.round(aheadMs) })
      this.#offsetMs = offsetMs
      this.#jumpedAtMs = undefined
    }
    return monotonicMs + this.#offsetMs
  }
}

/** Steps of daylight saving do not exist in wall time; corrections by NTP are far smaller. */
const jumpMsMax = 3_600_000
const distrustMs = 86_400_000

/** Deletes what is over the limits; returns the number of segments. Throws StorageError. */
export function applyRetention(log: Log, nowMs: number): number {
  if (!log.config.cleanupPolicy.delete) return 0
  return deleteWhile(log, expired(log, nowMs)) + deleteWhile(log, surplus(log))
}

type Wanted = (segment: Segment) => boolean

function expired(log: Log, nowMs: number): Wanted {
  const { retentionMs, indexIntervalBytes } = log.config
  return (segment) =>
    retentionMs !== Infinity && nowMs - newestMs(log, segment, indexIntervalBytes) > retentionMs
}

/** The largest timestamp of the records, or when the file was written if they have none. */
function newestMs(log: Log, segment: Segment, indexIntervalBytes: number): number {
  const { timestamp } = segment.maxTimestamp(indexIntervalBytes)
  if (timestamp >= 0) return timestamp
  return log.disk.env.files.stat(segment.file.path)?.modifiedMs ?? Infinity
}

function surplus(log: Log): Wanted {
  let over = log.sizeBytes - log.config.retentionBytes
  return (segment) => {
    over -= segment.sizeBytes
    return over >= 0
  }
}

/** Deletes from the start while segments are wanted gone and lie below the high watermark. */
function deleteWhile(log: Log, isWanted: Wanted): number {
  const { list } = log.segments
  let count = 0
  for (const [i, segment] of list.entries()) {
    const isLast = i + 1 === list.length
    const endOffset = list[i + 1]?.baseOffset ?? log.logEndOffset
    if (endOffset > log.highWatermark || (isLast && segment.sizeBytes === 0)) break
    if (!isWanted(segment)) break
    count++
  }
  if (count === 0) return 0
  if (count === list.length) log.roll()
  const startOffset = log.segments.list[count]!.baseOffset
  log.disk.env.log.info('Segments are deleted by retention', {
    log: log.name,
    segments: count,
    logStartOffset: startOffset,
  })
  log.advanceStart(startOffset)
  return count
}
