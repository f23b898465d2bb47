/** What compaction has to leave, said plainly: for lists of batches in memory. */

export interface ModelRecord {
  readonly offset: number
  /** `undefined`: none. */
  readonly key: string | undefined
  /** `null`: a tombstone. */
  readonly value: string | null
}

export interface ModelBatch {
  readonly records: readonly ModelRecord[]
  readonly isAborted: boolean
  readonly horizonMs: number | undefined
}

export function compactModel(
  batches: readonly ModelBatch[],
  endOffset: number,
  nowMs: number,
  deleteRetentionMs: number,
): ModelBatch[] {
  const last = new Map<string, number>()
  for (const { records, isAborted } of batches)
    for (const { key, offset } of records)
      if (!isAborted && key !== undefined && offset < endOffset) last.set(key, offset)
  return batches.map((batch) => {
    if (batch.isAborted)
      return { ...batch, records: batch.records.filter(({ offset }) => offset >= endOffset) }
    const isPast = batch.horizonMs !== undefined && nowMs >= batch.horizonMs
    const records = batch.records.filter(({ offset, key, value }) => {
      if (offset >= endOffset) return true
      return key !== undefined && last.get(key) === offset && (value !== null || !isPast)
    })
    const begins = records.some(({ value, offset }) => value === null && offset < endOffset)
    const horizonMs = batch.horizonMs ?? (begins ? nowMs + deleteRetentionMs : undefined)
    return { ...batch, records, horizonMs }
  })
}

/** What a reader knows in the end: the value of each key. */
export function finalState(batches: readonly ModelBatch[]): Map<string, string> {
  const state = new Map<string, string>()
  for (const { records, isAborted } of batches)
    for (const { key, value } of records) {
      if (isAborted || key === undefined) continue
      if (value === null) state.delete(key)
      else state.set(key, value)
    }
  return state
}
