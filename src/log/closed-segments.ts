/**
 * What becomes of a segment when the next one has begun.
 *
 * It is synced a little later: a log that is written fast and kept short has removed it by then, and what is removed is not
 * to be written to the disk at all. With page-cache acknowledgements that is most of the disk's work, and some of the
 * processor's. Retention by size is applied before, so that this does not depend on how often it is checked.
 */
import type { Log } from './log.ts'
import { applySizeRetention } from './retention.ts'

/** A loss of power may take so much more of what was acknowledged from the page cache. */
export const closedSyncDelayMs = 2000

/** The segments before `endOffset` are closed: in a while retention is applied to them, and what stays is synced. */
export function settleLater(log: Log, endOffset: number): void {
  log.disk.after(closedSyncDelayMs, () => {
    if (log.state !== 'open' || log.disk.failure !== undefined) return
    try {
      applySizeRetention(log)
    } catch (error) {
      const because = (error as Error).message
      log.disk.env.log.error('Retention failed', { log: log.name, because })
    }
    // The recovery point moves when it is done. Failing takes the directory offline.
    log.flusher.closedLater(endOffset)?.catch(() => {})
  })
}
