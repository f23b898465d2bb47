/**
 * Open files, bounded: many thousand partitions share a few hundred descriptors.
 *
 * A file is opened when it is needed, and closed when too many are open and it was not used lately (the
 * clock algorithm: a mark instead of a list that every use would have to reorder). A pinned file stays open.
 */
import type { Limit } from '../core/limit.ts'
import type { File, Files } from '../env/env.ts'
import { type Linked, LinkedList } from './linked-list.ts'

/** Descriptors for segments where the limit of the process is not known, and the least otherwise. */
const openFilesMaxDefault = 1024
/** Of what the process may open; the rest is for connections. */
const openFilesShare = 0.6
/** Each open file holds kernel memory: beyond this opening again is the cheaper way. */
const openFilesMaxMax = 65_536

/** How many segments may be open under a limit for the whole process. */
export function openFilesMaxOf(descriptorsMax: number | undefined): number {
  const share = Math.floor((descriptorsMax ?? 0) * openFilesShare)
  return Math.max(openFilesMaxDefault, Math.min(share, openFilesMaxMax))
}

export class FileCache {
  readonly files: Files
  readonly #max: number
  /** In the order of the clock's hand. */
  readonly #open = new LinkedList<CachedFile>()
  /** Files that were closed to make room. */
  #evicted = 0

  constructor(files: Files, max = openFilesMaxDefault) {
    this.files = files
    this.#max = max
  }

  get openCount(): number {
    return this.#open.size
  }

  get limit(): Limit {
    return { used: this.openCount, max: this.#max, refused: this.#evicted }
  }

  /** Called by a file that opens itself. */
  opened(file: CachedFile): void {
    this.#open.add(file)
    if (this.#open.size > this.#max) this.#evict(file)
  }

  closed(file: CachedFile): void {
    this.#open.remove(file)
  }

  /** Closes what it can when the process has run out of descriptors. */
  closeSome(): boolean {
    const before = this.#open.size
    for (let i = before >> 1; i > 0; i--) this.#evict(undefined)
    return this.#open.size < before
  }

  #evict(newest: CachedFile | undefined): void {
    // Twice around, and all are pinned.
    for (let turns = 2 * this.#open.size; turns > 0; turns--) {
      const file = this.#open.first!
      if (file === newest || file.used || file.pinned) {
        file.used = false
        this.#open.remove(file) // To the end of the round.
        this.#open.add(file)
      } else {
        this.#evicted++
        file.close()
        return
      }
    }
  }
}

/** Where a file lies: it is asked for with each opening, because it may have been renamed, and thousands of paths are not kept. */
export interface FilePlace {
  readonly path: string
}

/** One file that may be open or not. */
export class CachedFile implements Linked<CachedFile> {
  previous: CachedFile | undefined
  next: CachedFile | undefined
  /** Set with each use, cleared by the clock. */
  used = false
  readonly #place: FilePlace
  readonly #cache: FileCache
  #file: File | undefined
  #pins = 0
  /** Was closed while pinned: closes with the last pin. */
  #isLeaving = false
  #isAbandoned = false

  constructor(cache: FileCache, place: FilePlace) {
    this.#cache = cache
    this.#place = place
  }

  get path(): string {
    return this.#place.path
  }

  get pinned(): boolean {
    return this.#pins > 0
  }

  /** The open file, valid until the next call of anything in this class. Throws when it cannot be opened. */
  get(): File {
    this.used = true
    return this.#file ?? this.#opened('write')
  }

  create(): File {
    this.used = true
    return this.#file ?? this.#opened('create')
  }

  #opened(mode: 'write' | 'create'): File {
    this.#file = this.#open(mode)
    this.#cache.opened(this)
    return this.#file
  }

  #open(mode: 'write' | 'create'): File {
    if (this.#isAbandoned) throw abandonedError(this.path)
    const { files } = this.#cache
    const { path } = this
    try {
      return files.open(path, mode)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'EMFILE' && code !== 'ENFILE') || !this.#cache.closeSome()) throw error
      return files.open(path, mode)
    }
  }

  /** Runs `use` with the file, which stays open until its promise settles. */
  async whileOpen<T>(use: (file: File) => Promise<T>): Promise<T> {
    const file = this.pin()
    try {
      return await use(file)
    } finally {
      this.unpin()
    }
  }

  /** The file, which stays open until `unpin` is called as often. */
  pin(): File {
    const file = this.get()
    this.#pins++
    return file
  }

  unpin(): void {
    this.#pins--
    if (this.#pins === 0 && this.#isLeaving) this.close()
  }

  /** Closes it for good: at its path may soon be another. */
  abandon(): void {
    this.#isAbandoned = true
    this.close()
  }

  close(): void {
    const file = this.#file
    if (file === undefined) return
    this.#isLeaving = this.pinned
    if (this.pinned) return // Its descriptor may become another file's while a read is under way.
    this.#file = undefined
    this.#cache.closed(this)
    file.close()
  }
}

export function abandonedError(path: string): Error {
  return Object.assign(new Error(`${path} is deleted`), { code: 'ENOENT' })
}
