/**
 * Where the groups of one partition of `__consumer_offsets` are written: the leader's log, seen
 * narrowly. All calls are synchronous but `load`; error codes are Kafka's, 0 for none.
 */
export interface Journal {
  /** The offset that the next record gets. */
  readonly endOffset: number
  /** The largest batch that `append` takes. */
  readonly batchBytesMax: number
  /** Why nothing may be appended now. */
  appendError(): number
  /** Appends a batch whole or not at all. Its bytes are kept until they are written. */
  append(batch: Buffer): number
  /**
   * Calls once, at once where it can: 0 when everything before `offset` is committed and this broker
   * is still the one to answer.
   */
  whenCommitted(offset: number, done: (errorCode: number) => void): void
  /** Every batch from the start to the end, several in one buffer that is valid during the call. */
  load(take: (batches: Buffer) => void): Promise<void>
}
