/**
 * A disk in memory that loses what a real one may lose.
 *
 * A process that is killed loses nothing it wrote. A power loss takes every file back to what was synced, with
 * any 512-byte sectors of what was written since, or none; and every directory back to a point in the
 * order of its changes that is not before its last sync. Every call can be made to fail, or to be the last one.
 */
import type { File, Files } from '../../src/env/env.ts'

const sectorBytes = 512
const pageBytes = 4096

/** Thrown by the call at which the process ends, and by every call behind it. */
export class Killed extends Error {
  override name = 'Killed'
}

/** What is to happen at a call. */
export interface Fault {
  /** Counted from 0 over all calls that change something. */
  readonly at: number
  readonly kind: 'before' | 'after' | 'error'
  readonly code?: string
  /** Of a write that fails: the bytes that reach the file all the same. */
  readonly partBytes?: number
}

class Inode {
  bytes = Buffer.alloc(0)
  durable = Buffer.alloc(0)
  /** What was done since the last sync: bytes at a position, or a new size. */
  unsynced: ({ readonly bytes: Buffer; readonly position: number } | { readonly size: number })[] =
    []

  write(bytes: Buffer, position: number): void {
    if (position + bytes.length > this.bytes.length) this.resize(position + bytes.length)
    bytes.copy(this.bytes, position)
    this.unsynced.push({ bytes: Buffer.from(bytes), position })
  }

  resize(size: number): void {
    const resized = Buffer.alloc(size)
    this.bytes.copy(resized)
    this.bytes = resized
  }

  truncate(size: number): void {
    this.resize(size)
    this.unsynced.push({ size })
  }

  sync(): void {
    this.durable = Buffer.from(this.bytes)
    this.unsynced = []
  }

  /** `survives` says of each sector, and of each change of the size, whether it reached the disk. */
  losePower(survives: () => boolean): void {
    const lossy = new Inode()
    lossy.bytes = Buffer.from(this.durable)
    for (const change of this.unsynced) {
      if ('size' in change) {
        if (survives()) lossy.resize(change.size)
        continue
      }
      for (let at = 0; at < change.bytes.length; ) {
        const end = Math.min(
          change.bytes.length,
          at + sectorBytes - ((change.position + at) % sectorBytes),
        )
        if (survives()) lossy.write(change.bytes.subarray(at, end), change.position + at)
        at = end
      }
    }
    this.bytes = lossy.bytes
    this.sync()
  }
}

/** Path → file, or `null` for a directory. */
type Names = Map<string, Inode | null>

export class LossyDisk {
  #names: Names = new Map([['/', null]])
  /** Changes of names that no sync of a directory has seen; each can be done on other names. */
  #unsynced: { readonly directory: string; readonly apply: (names: Names) => void }[] = []
  #durable: Names = new Map([['/', null]])
  /** Calls so far that change something. */
  calls = 0
  faults: Fault[] = []
  /** Bytes that all files together may have; then writes fail with ENOSPC. */
  bytesMax = Infinity
  #isKilled = false
  wallMs = 1_700_000_000_000
  /** Pages of 4096 bytes that cannot be read (EIO), by path and number. */
  readonly badPages = new Set<string>()

  /** The process is gone; the next one finds everything that was written. */
  kill(): void {
    this.#isKilled = true
  }

  /** The next process can begin. */
  restart(): void {
    this.#isKilled = false
    this.faults = []
  }

  /** The machine loses power. `random` is uniform in [0, 1). */
  losePower(random: () => number): void {
    // Each loss has its own character, or all outcomes would be the same mixture.
    const chance = [0, 1, random()][Math.floor(random() * 3)]!
    const survives = () => random() < chance
    const kept = Math.floor(random() * (this.#unsynced.length + 1))
    for (const { apply } of this.#unsynced.slice(0, kept)) apply(this.#durable)
    this.#unsynced = []
    this.#names = new Map(this.#durable)
    for (const inode of this.#names.values()) inode?.losePower(survives)
  }

  /** The bytes of a file, to be damaged by a test. */
  bytesOf(path: string): Buffer {
    return this.#file(path).bytes
  }

  replaceBytes(path: string, bytes: Buffer): void {
    const inode = this.#file(path)
    inode.bytes = Buffer.from(bytes)
    inode.sync()
  }

  get paths(): string[] {
    return [...this.#names].flatMap(([path, inode]) => (inode ? [path] : [])).sort()
  }

  /** Every call that changes something goes through here. */
  #change<T>(run: () => T, failing?: (fault: Fault) => void): T {
    if (this.#isKilled) throw new Killed('The process is gone')
    const at = this.calls++
    const fault = this.faults.find((one) => one.at === at)
    if (fault?.kind === 'error') {
      failing?.(fault)
      throw errorOf(fault.code ?? 'EIO')
    }
    if (fault?.kind === 'before') this.#isKilled = true
    if (this.#isKilled) throw new Killed('The process is gone')
    const result = run()
    if (fault?.kind === 'after') {
      this.#isKilled = true
      throw new Killed('The process is gone')
    }
    return result
  }

  #rename(directory: string, apply: (names: Names) => void): void {
    apply(this.#names)
    this.#unsynced.push({ directory, apply })
  }

  #file(path: string): Inode {
    const inode = this.#names.get(path)
    if (!inode) throw errorOf(inode === null ? 'EISDIR' : 'ENOENT', path)
    return inode
  }

  #look<T>(run: () => T): T {
    if (this.#isKilled) throw new Killed('The process is gone')
    return run()
  }

  #syncDirectory(directory: string): void {
    // A journal is written in order: what came before reaches the disk with it.
    const last = this.#unsynced.findLastIndex((change) => change.directory === directory)
    for (const { apply } of this.#unsynced.splice(0, last + 1)) apply(this.#durable)
  }

  #make(path: string): Inode {
    const inode = new Inode()
    this.#rename(parentOf(path), (names) => names.set(path, inode))
    return inode
  }

  get files(): Files {
    return {
      open: (path, mode) => this.#open(path, mode),
      readFile: (path) => this.#look(() => Buffer.from(this.#file(path).bytes)),
      replaceFile: (path, bytes, sync = true) => this.#replaceFile(path, bytes, sync),
      rename: (from, to) =>
        this.#change(() => {
          if (!this.#names.has(from)) throw errorOf('ENOENT', from)
          this.#rename(parentOf(from), (names) => moved(names, from, to))
        }),
      unlink: (path) => this.#unlink(path),
      unlinkLater: async (path) => this.#unlink(path),
      makeDirectory: (path) => {
        if (!this.#names.has(path))
          this.#change(() => this.#rename(parentOf(path), (names) => names.set(path, null)))
      },
      removeDirectory: (path) =>
        this.#change(() => {
          if (this.#list(path).length > 0) throw errorOf('ENOTEMPTY', path)
          this.#rename(parentOf(path), (names) => names.delete(path))
        }),
      list: (path) => this.#look(() => this.#list(path)),
      stat: (path) =>
        this.#look(() => {
          const inode = this.#names.get(path)
          if (inode === undefined) return undefined
          const sizeBytes = inode?.bytes.length ?? 0
          return { sizeBytes, modifiedMs: this.wallMs, isDirectory: inode === null }
        }),
      syncDirectory: (path) => this.#change(() => this.#syncDirectory(path)),
      syncDirectoryLater: async (path) => this.#change(() => this.#syncDirectory(path)),
      space: () => ({ totalBytes: 2 ** 40, usableBytes: 2 ** 40 }),
      lock: async () => ({ release() {} }),
    }
  }

  #list(path: string) {
    if (this.#names.get(path) !== null) throw errorOf('ENOENT', path)
    return [...this.#names]
      .filter(([name]) => name !== '/' && parentOf(name) === path)
      .map(([name, inode]) => ({
        name: name.slice(name.lastIndexOf('/') + 1),
        isDirectory: inode === null,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #unlink(path: string): void {
    this.#change(() => {
      this.#file(path)
      this.#rename(parentOf(path), (names) => names.delete(path))
    })
  }

  #replaceFile(path: string, bytes: Buffer, sync: boolean): void {
    const beside = `${path}.tmp`
    const inode = this.#change(() => this.#make(beside))
    this.#write(inode, [bytes], 0)
    if (sync) this.#change(() => inode.sync())
    this.#change(() => this.#rename(parentOf(path), (names) => moved(names, beside, path)))
    if (sync) this.#change(() => this.#syncDirectory(parentOf(path)))
  }

  #write(inode: Inode, chunks: readonly Buffer[], position: number): void {
    const bytes = Buffer.concat(chunks)
    this.#change(
      () => {
        if (this.#used() + bytes.length > this.bytesMax) {
          inode.write(bytes.subarray(0, Math.max(this.bytesMax - this.#used(), 0)), position)
          throw errorOf('ENOSPC')
        }
        inode.write(bytes, position)
      },
      (fault) => inode.write(bytes.subarray(0, fault.partBytes ?? 0), position),
    )
  }

  #used(): number {
    let sum = 0
    for (const inode of this.#names.values()) sum += inode?.bytes.length ?? 0
    return sum
  }

  #open(path: string, mode: 'read' | 'write' | 'create'): File {
    if (mode === 'create' && !this.#names.has(path)) this.#change(() => this.#make(path))
    const inode = this.#look(() => this.#file(path))
    const read = (into: Buffer, offset: number, length: number, position: number) =>
      this.#look(() => {
        const end = Math.min(inode.bytes.length, position + length)
        for (let page = Math.floor(position / pageBytes); page * pageBytes < end; page++)
          if (this.badPages.has(`${path} ${page}`)) throw errorOf('EIO', path)
        return inode.bytes.copy(into, offset, position, end)
      })
    // A sync that fails has dropped the data from the cache: the next one succeeds without it.
    const sync = () =>
      this.#change(
        () => inode.sync(),
        () => inode.losePower(() => false),
      )
    return {
      sizeBytes: () => inode.bytes.length,
      read,
      readLater: async (...range) => read(...range),
      write: (chunks, position) => this.#write(inode, chunks, position),
      truncate: (size) => {
        if (size !== inode.bytes.length) this.#change(() => inode.truncate(size))
      },
      sync,
      syncLater: async () => sync(),
      close() {},
    }
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** Moves a file, or a directory with everything in it. */
function moved(names: Names, from: string, to: string): void {
  for (const [path, inode] of [...names])
    if (path === from || path.startsWith(`${from}/`)) {
      names.delete(path)
      names.set(to + path.slice(from.length), inode)
    }
}

function errorOf(code: string, path = ''): Error {
  return Object.assign(new Error(`${code} ${path}`), { code })
}
