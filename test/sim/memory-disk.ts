/**
 * A simulated disk: files in memory, each with what is durable beside what is written.
 *
 * A process that crashes loses nothing of what it wrote; a power loss takes each file back to its
 * last sync, with a part of what was appended since, or none. Creations, renames and removals are
 * durable at once here (what directory syncs are for is checked with real processes).
 */
import type { DirectoryEntry, File, Files, Lock } from '../../src/env/env.ts'
import type { Process, World } from './world.ts'

interface Stored {
  current: Buffer
  durable: Buffer
}

export class MemoryDisk {
  readonly #world: World
  readonly #files = new Map<string, Stored>()
  readonly #directories = new Set<string>(['/'])
  readonly #locks = new Map<string, { process: Process; life: number }>()
  /** How long a sync takes. */
  syncMs = 0.5

  constructor(world: World) {
    this.#world = world
  }

  powerLoss(): void {
    for (const [path, file] of this.#files) {
      const { current, durable } = file
      const appended = current.length > durable.length
      const kept = appended
        ? durable.length + Math.floor(this.#world.random() * (current.length - durable.length))
        : durable.length
      const survived = appended
        ? Buffer.concat([durable, current.subarray(durable.length, kept)])
        : durable
      this.#files.set(path, { current: Buffer.from(survived), durable: Buffer.from(survived) })
    }
  }

  filesOf(process: Process): Files {
    const disk = this
    const need = (path: string): Stored => {
      const file = disk.#files.get(path)
      if (file === undefined)
        throw Object.assign(new Error(`${path} does not exist`), { code: 'ENOENT' })
      return file
    }
    const files: Partial<Files> = {
      open(path, mode) {
        if (mode === 'create' && !disk.#files.has(path))
          disk.#files.set(path, { current: Buffer.alloc(0), durable: Buffer.alloc(0) })
        return disk.#open(process, need(path))
      },
      readFile: (path) => Buffer.from(need(path).current),
      replaceFile(path, bytes) {
        disk.#files.set(path, { current: Buffer.from(bytes), durable: Buffer.from(bytes) })
      },
      rename(from, to) {
        if (disk.#directories.has(from)) return disk.#renameDirectory(from, to)
        disk.#files.set(to, need(from))
        disk.#files.delete(from)
      },
      unlink(path) {
        need(path)
        disk.#files.delete(path)
      },
      async unlinkLater(path) {
        need(path)
        disk.#files.delete(path)
      },
      makeDirectory(path) {
        const parts = path.split('/').filter((part) => part !== '')
        for (let i = 1; i <= parts.length; i++)
          disk.#directories.add(`/${parts.slice(0, i).join('/')}`)
      },
      removeDirectory(path) {
        disk.#directories.delete(path)
      },
      list: (path) => disk.#list(path),
      stat(path) {
        const file = disk.#files.get(path)
        if (file !== undefined)
          return { sizeBytes: file.current.length, modifiedMs: 0, isDirectory: false }
        return disk.#directories.has(path)
          ? { sizeBytes: 0, modifiedMs: 0, isDirectory: true }
          : undefined
      },
      syncDirectory: () => undefined,
      space: () => ({ totalBytes: 2 ** 40, usableBytes: 2 ** 40 }),
      async lock(path) {
        const holder = disk.#locks.get(path)
        if (holder?.process.alive && holder.process.life === holder.life) return undefined
        const mine = { process, life: process.life }
        disk.#locks.set(path, mine)
        const lock: Lock = {
          release: () => {
            if (disk.#locks.get(path) === mine) disk.#locks.delete(path)
          },
        }
        return lock
      },
    }
    return files as Files
  }

  #open(process: Process, file: Stored): File {
    const grow = (size: number) => {
      if (file.current.length < size)
        file.current = Buffer.concat([file.current, Buffer.alloc(size - file.current.length)])
    }
    const read = (into: Buffer, offset: number, length: number, position: number) =>
      file.current.copy(into, offset, position, Math.min(file.current.length, position + length))
    const opened: Partial<File> = {
      sizeBytes: () => file.current.length,
      read,
      readLater: async (into, offset, length, position) => read(into, offset, length, position),
      write(chunks, position) {
        const bytes = Buffer.concat(chunks)
        grow(position + bytes.length)
        file.current = Buffer.from(file.current)
        bytes.copy(file.current, position)
      },
      truncate(size) {
        grow(size)
        file.current = Buffer.from(file.current.subarray(0, size))
      },
      sync() {
        file.durable = Buffer.from(file.current)
      },
      syncLater: () =>
        new Promise((resolve) => {
          const asked = Buffer.from(file.current)
          this.#world.after(this.syncMs * (0.5 + this.#world.random()), 'sync', process, () => {
            file.durable = asked
            resolve()
          })
        }),
      close: () => undefined,
    }
    return opened as File
  }

  #list(path: string): DirectoryEntry[] {
    const prefix = path.endsWith('/') ? path : `${path}/`
    const names = new Map<string, boolean>()
    for (const file of this.#files.keys())
      if (file.startsWith(prefix)) {
        const rest = file.slice(prefix.length)
        const slash = rest.indexOf('/')
        names.set(slash === -1 ? rest : rest.slice(0, slash), slash !== -1)
      }
    for (const directory of this.#directories)
      if (directory.startsWith(prefix))
        names.set(directory.slice(prefix.length).split('/')[0]!, true)
    return [...names]
      .map(([name, isDirectory]) => ({ name, isDirectory }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #renameDirectory(from: string, to: string): void {
    for (const directory of [...this.#directories])
      if (directory === from || directory.startsWith(`${from}/`)) {
        this.#directories.delete(directory)
        this.#directories.add(to + directory.slice(from.length))
      }
    for (const [path, file] of [...this.#files])
      if (path.startsWith(`${from}/`)) {
        this.#files.delete(path)
        this.#files.set(to + path.slice(from.length), file)
      }
  }
}
