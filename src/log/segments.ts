/**
 * The segments of a log, in the order of their offsets; the last one is active.
 *
 * A segment that goes is renamed first and unlinked later: the rename is what counts after a crash, and
 * unlinking a large file takes time that belongs to nobody's request.
 */
import { fileName, suffixes } from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogDisk } from './log-disk.ts'
import { Segment } from './segment.ts'

export class Segments {
  readonly disk: LogDisk
  readonly directory: string
  /** Invariant: base offsets ascend; never empty once the log is open. */
  #list: Segment[] = []

  constructor(disk: LogDisk, directory: string) {
    this.disk = disk
    this.directory = directory
  }

  get list(): readonly Segment[] {
    return this.#list
  }

  get active(): Segment {
    return this.#list[this.#list.length - 1]!
  }

  get first(): Segment {
    return this.#list[0]!
  }

  get sizeBytes(): number {
    let sum = 0
    for (const segment of this.#list) sum += segment.sizeBytes
    return sum
  }

  /** Takes over the segments that were found on the disk, or that compaction made. */
  set(segments: readonly Segment[]): void {
    this.#list = [...segments].sort((a, b) => a.baseOffset - b.baseOffset)
  }

  /** Where `offset` is: the last segment that does not begin behind it. */
  indexFor(offset: number): number {
    let low = 0
    let high = this.#list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#list[middle]!.baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The next segment's base offset, or `logEndOffset` for the active one. */
  endOf(segment: Segment, logEndOffset: number): number {
    return this.#list[this.#list.indexOf(segment) + 1]?.baseOffset ?? logEndOffset
  }

  /** Adds a segment whose file is made now. Throws what making it throws, and then adds nothing. */
  create(baseOffset: number, config: LogConfig): Segment {
    const { clock, random } = this.disk.env
    const segment = new Segment(this.disk, this.directory, baseOffset, {
      sizeBytes: 0,
      isNew: true,
      hasTransactionIndex: false,
      createdMs: clock.wallMs(),
      jitterMs: Math.floor(random.float() * Math.min(config.segmentJitterMs, config.segmentMs)),
    })
    const file = segment.file.create()
    if (config.preallocate) {
      file.truncate(config.segmentBytes)
      segment.isPreallocated = true
    }
    // Of the length that it has: most logs have one segment, and a list that grows keeps room for more.
    this.#list = this.#list.concat(segment)
    return segment
  }

  /** Removes segments: their files are renamed now and unlinked after the delay. */
  remove(gone: ReadonlySet<Segment>, config: LogConfig): void {
    this.#list = this.#list.filter((segment) => !gone.has(segment))
    for (const segment of gone) this.retire(segment, config)
  }

  retire(segment: Segment, config: LogConfig): void {
    segment.isDeleted = true
    segment.renameFiles(suffixes.deleted)
    this.disk.after(config.fileDeleteDelayMs, () => {
      const isUnread = !segment.file.pinned
      segment.release()
      for (const path of segment.paths) unlinkQuietly(this.disk, path, isUnread)
    })
  }
}

/** Unlinks on the thread pool. Nothing depends on it: what stays is removed with the next start. */
export function unlinkQuietly(disk: LogDisk, path: string, isUnread = false): void {
  disk.env.files.unlinkLater(path, isUnread).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      disk.env.log.warn('File is not removed', { path, because: error.message })
  })
}

export function snapshotPath(directory: string, offset: number): string {
  return `${directory}/${fileName(offset, suffixes.snapshot)}`
}
