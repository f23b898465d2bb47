/**
 * The aborted transactions whose markers are in a segment, ordered by marker:
 *
 * ```
 * int16 version 0 | int64 producerId | int64 firstOffset | int64 lastOffset (the marker)
 *   | int64 lastStableOffset when the marker was written
 * ```
 *
 * A file exists only where a transaction was aborted, and entries are written at once: they are few.
 */
import { fixed } from '../../protocol/fixed.ts'
import { abandonedError, CachedFile } from './file-cache.ts'
import { suffixes } from './file-names.ts'
import type { Segment } from './segment.ts'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export const abortedTransactionLayout = fixed({
  version: 'int16',
  producerId: 'int64',
  firstOffset: 'int64',
  lastOffset: 'int64',
  lastStableOffset: 'int64',
})
const entryBytes = abortedTransactionLayout.sizeBytes

export class TransactionIndex {
  readonly #segment: Segment
  #entries: AbortedTransaction[] | undefined
  /** Set while the file lacks entries, because writing them failed. */
  #isBehind = false
  /** Set while the file has entries that no sync has seen. */
  #isUnsynced = false

  /** No file is looked for where `exists` is false. One that should be there and is not is damage as any other. */
  constructor(segment: Segment, exists: boolean) {
    this.#segment = segment
    if (!exists) this.#entries = []
  }

  get path(): string {
    return this.#segment.pathOf(suffixes.transactionIndex)
  }

  /** Throws when the file cannot be read or ends within an entry. */
  get entries(): readonly AbortedTransaction[] {
    if (this.#segment.isAbandoned) throw abandonedError(this.path)
    this.#entries ??= readAbortedTransactions(this.#segment.disk.env.files.readFile(this.path))
    return this.#entries
  }

  /** Adds to memory and file. When writing throws, the entry counts all the same; `flush` tries again. */
  add(aborted: AbortedTransaction): void {
    const position = this.entries.length * entryBytes
    const { producerId, firstOffset, lastOffset, lastStableOffset } = aborted
    const entry = { producerId, firstOffset, lastOffset, lastStableOffset }
    this.#entries!.push(entry)
    this.#isBehind = true
    this.#write(abortedTransactionLayout.write({ version: 0, ...entry }), position)
    this.#isBehind = false
  }

  /** Replaces the content, after recovery or compaction. */
  rewrite(entries: readonly AbortedTransaction[]): void {
    this.#entries = [...entries]
    if (entries.length === 0 && !this.#segment.disk.env.files.stat(this.path)) return
    this.#isBehind = true
    const bytes = entries.map((entry) => abortedTransactionLayout.write({ version: 0, ...entry }))
    this.#write(Buffer.concat(bytes), 0)
    this.#isBehind = false
  }

  /** Drops transactions whose marker is at `offset` or behind. */
  truncate(offset: number): void {
    const kept = this.entries.filter(({ lastOffset }) => lastOffset < offset)
    if (kept.length < this.entries.length) this.rewrite(kept)
  }

  /** Writes what is not in the file. */
  flush(): void {
    if (this.#isBehind) this.rewrite(this.entries)
  }

  /** Makes all of it durable: the entries cannot be told from the log once the segment is closed. */
  async syncLater(): Promise<void> {
    if (this.#segment.isAbandoned) return
    this.flush()
    if (!this.#isUnsynced) return
    this.#isUnsynced = false
    const file = new CachedFile(this.#segment.disk.resources.files, this)
    try {
      await file.whileOpen((open) => open.syncLater())
    } finally {
      file.close()
    }
  }

  #write(bytes: Buffer, position: number): void {
    this.#isUnsynced = true
    this.#inFile((file) => {
      file.write([bytes], position)
      file.truncate(position + bytes.length)
    })
  }

  #inFile(use: (file: ReturnType<CachedFile['get']>) => void): void {
    if (this.#segment.isAbandoned) throw abandonedError(this.path)
    const file = new CachedFile(this.#segment.disk.resources.files, this)
    try {
      use(file.create())
    } finally {
      file.close()
    }
  }
}

export function readAbortedTransactions(bytes: Buffer): AbortedTransaction[] {
  if (bytes.length % entryBytes !== 0)
    throw new RangeError(`A transaction index of ${bytes.length} bytes ends within an entry`)
  let before = -1
  return Array.from({ length: bytes.length / entryBytes }, (_, i) => {
    const { version, ...aborted } = abortedTransactionLayout.read(bytes, i * entryBytes)
    if (version !== 0)
      throw new RangeError(`A transaction index has an entry of version ${version}`)
    const { firstOffset, lastOffset } = aborted
    if (firstOffset < 0 || firstOffset >= lastOffset || lastOffset <= before)
      throw new RangeError(
        `A transaction index has a transaction from ${firstOffset} to ${lastOffset} behind one to ${before}`,
      )
    before = lastOffset
    return aborted
  })
}
