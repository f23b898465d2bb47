import type { Log } from './log.ts'

/** Is told what a log is about to do, or has done, to its checkpoints. */
export interface LogKeeper {
  /** `logStartOffset` has grown, and is to be written down. */
  startMoved(log: Log): void
  /** The log is about to be cut at an offset: no checkpoint may promise more. */
  beforeTruncation(log: Log, offset: number): void
  /** Compaction is about to put segments with holes in the place of others: writes the recovery point down. */
  beforeReplacement(log: Log): void | Promise<void>
}

/** Of a log whose checkpoints are written by nobody. */
export const nobody: LogKeeper = { startMoved() {}, beforeTruncation() {}, beforeReplacement() {} }
