/**
 * Where the coordinator keeps what must survive it. The embedded engine (`journal.ts`) is a file; a
 * shared store of several coordinators can take its place, so the contract is compare-and-set on
 * the generation: only the coordinator that opened last gets anything in.
 */
import type { ClusterRecord } from '../../protocol/coordinator/record.ts'

export interface MetaState {
  /** Of this coordinator: higher than that of each before it. */
  readonly generation: number
  /** Records applied over the life of the cluster. */
  readonly revision: number
  readonly records: Iterable<ClusterRecord>
}

export interface MetaStore {
  /** Takes the store over. Rejects when it is in use, damaged, or written by a later release. */
  open(): Promise<MetaState>
  /**
   * Resolves when the records are durable, in the order of the calls; `refused` when another
   * coordinator has taken over. Rejects when the store failed: what was written is then unknown,
   * and the coordinator must stop.
   */
  txn(records: readonly ClusterRecord[]): Promise<'applied' | 'refused'>
  /** The state at this revision, so that what led to it may be dropped some time. */
  snapshot(revision: number, records: Iterable<ClusterRecord>): void
  /** How much a restart would have to read beyond the last snapshot. */
  readonly bytesSinceSnapshot: number
  /** What makes the state grow should wait: there is room only for what keeps the cluster going. */
  readonly isShortOfRoom: boolean
  close(): Promise<void>
}
