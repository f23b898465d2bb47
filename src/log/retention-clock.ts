/**
 * The wall clock, distrusted: when it jumps ahead of the monotonic clock, what is older by the new time is
 * not deleted, nor its tombstone, before the new time has stood for a while, so that somebody can notice (R17 of the
 * fault catalogue: a clock set to the wrong year must not empty every topic).
 *
 * The time is noted in the data directories, so that a process that starts with a wrong clock finds out, too. It cannot
 * tell that from having been away for long; then deleting only begins later.
 */
import type { Env } from '../env/env.ts'
import { checkpointFiles } from './checkpoint.ts'
import type { LogDirectory } from './log-directory.ts'

/** Steps of daylight saving do not exist in wall time; corrections by NTP are far smaller. */
const jumpMsMax = 3_600_000
/** So long a broker may have been away without a doubt of the clock. */
const awayMsMax = 86_400_000
const distrustMs = 86_400_000
/** Replacing a file waits for a disk that is busy with others: half a minute late matters to nobody here. */
const noteIntervalMs = 30_000

const clockFile = '.ottla_clock'

export class RetentionClock {
  readonly #env: Env
  /** Wall minus monotonic, as trusted. */
  #offsetMs: number
  /** When the wall clock jumped, by the monotonic one. */
  #jumpedAtMs: number | undefined
  #notedMs = -Infinity

  /** Before the data directories in `paths` are opened: it looks when they were used last. */
  constructor(env: Env, paths: readonly string[]) {
    this.#env = env
    const { clock, log } = env
    const monotonicMs = clock.monotonicMs()
    this.#offsetMs = clock.wallMs() - monotonicMs
    const usedMs = Math.max(...paths.map((path) => lastUsedMs(env, path)))
    const aheadMs = clock.wallMs() - usedMs
    if (usedMs < 0 || aheadMs <= awayMsMax) return
    this.#offsetMs = usedMs - monotonicMs
    this.#jumpedAtMs = monotonicMs
    log.warn(
      'Wall clock is far ahead of the last use of the data: retention by time goes on with the old time for a day',
      { lastUsed: new Date(usedMs).toISOString(), aheadMs: Math.round(aheadMs) },
    )
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
        { aheadMs: Math.round(aheadMs) },
      )
    } else if (monotonicMs - this.#jumpedAtMs > distrustMs) {
      log.warn('Wall clock is trusted again', { aheadMs: Math.round(aheadMs) })
      this.#offsetMs = offsetMs
      this.#jumpedAtMs = undefined
    }
    return monotonicMs + this.#offsetMs
  }

  /** For the next process. What is already known nearly as well is noted only when it is the `last` word. */
  note(directories: readonly LogDirectory[], last = false): void {
    const monotonicMs = this.#env.clock.monotonicMs()
    if (!last && monotonicMs - this.#notedMs < noteIntervalMs) return
    this.#notedMs = monotonicMs
    const bytes = Buffer.from(JSON.stringify({ version: 0, trustedMs: Math.round(this.now()) }))
    for (const { path, disk } of directories) {
      if (disk.failure) continue
      try {
        this.#env.files.replaceFile(`${path}/${clockFile}`, bytes, false)
      } catch (error) {
        this.#env.log.warn('Time is not noted', { path, because: (error as Error).message })
      }
    }
  }
}

/** When a directory was used last; -1 when nothing in it tells. */
function lastUsedMs({ files }: Env, directory: string): number {
  const modifiedMs = (path: string) => files.stat(path)?.modifiedMs ?? -1
  try {
    const path = `${directory}/${clockFile}`
    const text = files.stat(path) === undefined ? '' : files.readFile(path).toString()
    const noted = /"trustedMs":(\d{1,15})\b/.exec(text)?.[1]
    if (noted !== undefined) return Number(noted)
    return Math.max(
      ...Object.values(checkpointFiles).map((name) => modifiedMs(`${directory}/${name}`)),
    )
  } catch {
    return -1 // Opening the directory tells why.
  }
}
