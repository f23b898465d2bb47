/**
 * A simulated disk: what processes see beside what a loss of power leaves.
 *
 * A process that crashes loses nothing of what it wrote. A loss of power takes each file back to its
 * last sync, and of what was written since it keeps any subset of sectors, or all, or nothing; a
 * truncation that is lost takes with it what was written behind it. Creations, renames and removals
 * are durable when their directory was synced; of the others the first few are, in their order.
 *
 * A failed sync drops what it should have made durable and the next one succeeds, as Linux does.
 */
import type { DirectoryEntry, File, Files, Lock } from '../../src/env/env.ts'
import { Inode } from './inode.ts'
import { Names } from './names.ts'
import type { Chance, Process, World } from './world.ts'

export class MemoryDisk {
  readonly #world: World
  readonly #chance: Chance
  #names: Names
  readonly #locks = new Map<string, { process: Process; life: number }>()
  /** Files that no disk has: what the kernel shows. */
  readonly virtual = new Map<string, Buffer>()
  /** How long a sync takes. */
  syncMs = 0.5
  /** Multiplies it while the disk is slow. */
  slowness = 1
  /** Nothing that grows can be written. */
  isFull = false
  /** So many of the next syncs fail with EIO. */
  failSyncs = 0
  /** So many of the next writes fail with EIO, after a part. */
  failWrites = 0
  /** Called with every change; may end the process in the middle of its turn. */
  onChange: ((what: string, path: string) => void) | undefined

  constructor(world: World, name = 'disk') {
    this.#world = world
    this.#chance = world.stream(`disk ${name}`)
    this.#names = new Names()
  }

  powerLoss(): void {
    const chance = this.#chance
    this.#names = this.#names.afterPowerLoss(chance)
    const kept = chance.pick([0, 0.5, 1])
    for (const inode of this.#names.inodes()) inode.losePower(chance, kept)
  }

  /** Turns a bit of a file round for whoever reads it, until `unflip`. */
  flip(path: string, position: number, bit: number): void {
    this.#names.file(path)?.flip(position, bit)
  }

  unflip(): void {
    for (const inode of this.#names.inodes()) inode.unflip()
  }

  /** What was written to a file. Empty when there is no such file. */
  peek(path: string): Buffer {
    return this.#names.file(path)?.view() ?? Buffer.alloc(0)
  }

  filesOf(process: Process): Files {
    const { life } = process
    const ended = () => process.life !== life
    const disk = this
    const need = (path: string): Inode => {
      const file = disk.#names.file(path)
      if (file === undefined) throw problem('ENOENT', `${path} does not exist`)
      return file
    }
    const change = (what: string, path: string, run: () => void): void => {
      if (!ended()) disk.onChange?.(what, path)
      if (!ended()) run()
    }
    const room = (path: string) => {
      if (disk.isFull && !ended()) throw problem('ENOSPC', `No space left for ${path}`)
    }
    const unlink = (path: string) =>
      change('unlink', path, () => {
        need(path)
        disk.#names.remove(path)
      })
    return {
      open(path, mode) {
        if (mode === 'create' && disk.#names.file(path) === undefined) {
          room(path)
          change('create', path, () => disk.#names.set(path, new Inode()))
        }
        return disk.#open(
          process,
          path,
          disk.#names.file(path) ?? (ended() ? new Inode() : need(path)),
        )
      },
      readFile: (path) => disk.virtual.get(path) ?? need(path).bytes(),
      replaceFile(path, bytes, sync = true) {
        room(path)
        if (sync) disk.#failSync(ended, path, [])
        change('replace', path, () => {
          const inode = new Inode()
          inode.write([bytes], 0)
          if (sync) inode.sync()
          disk.#names.set(path, inode)
          if (sync) disk.#names.sync(parentOf(path))
        })
      },
      rename: (from, to) => change('rename', from, () => disk.#names.rename(from, to)),
      unlink,
      unlinkLater: async (path) => unlink(path),
      makeDirectory: (path) => change('mkdir', path, () => disk.#names.makeDirectory(path)),
      removeDirectory: (path) => change('rmdir', path, () => disk.#names.remove(path)),
      list: (path): DirectoryEntry[] => {
        if (!disk.#names.isDirectory(path)) throw problem('ENOENT', `${path} does not exist`)
        return disk.#names.list(path)
      },
      stat(path) {
        const file = disk.#names.file(path)
        if (file !== undefined) return { sizeBytes: file.size, modifiedMs: 0, isDirectory: false }
        return disk.#names.isDirectory(path)
          ? { sizeBytes: 0, modifiedMs: 0, isDirectory: true }
          : undefined
      },
      syncDirectory(path) {
        disk.#failSync(ended, path, [])
        change('syncdir', path, () => disk.#names.sync(path))
      },
      syncDirectoryLater: (path) =>
        new Promise((resolve, reject) => {
          disk.#world.after(disk.syncMs * disk.slowness, 'syncdir', process, () => {
            try {
              disk.#failSync(ended, path, [])
            } catch (error) {
              reject(error)
              return
            }
            change('syncdir', path, () => disk.#names.sync(path))
            resolve()
          })
        }),
      space: () => ({ totalBytes: 2 ** 40, usableBytes: disk.isFull ? 0 : 2 ** 40 }),
      async lock(path) {
        const holder = disk.#locks.get(path)
        if (holder?.process.alive && holder.process.life === holder.life) return undefined
        const mine = { process, life }
        disk.#locks.set(path, mine)
        if (disk.#names.file(path) === undefined) disk.#names.set(path, new Inode())
        const lock: Lock = {
          release: () => {
            if (disk.#locks.get(path) === mine) disk.#locks.delete(path)
          },
        }
        return lock
      },
    }
  }

  /** Throws when this sync is one that shall fail; what it was for is never written then. */
  #failSync(ended: () => boolean, path: string, dropped: readonly Inode[]): void {
    if (this.failSyncs === 0 || ended()) return
    this.failSyncs--
    for (const inode of dropped) inode.dropUnsynced()
    throw problem('EIO', `Sync of ${path} failed`)
  }

  #open(process: Process, path: string, inode: Inode): File {
    const { life } = process
    const ended = () => process.life !== life
    const changed = (what: string) => {
      if (!ended()) this.onChange?.(what, path)
      return !ended()
    }
    return {
      sizeBytes: () => inode.size,
      read: (into, offset, length, position) => inode.read(into, offset, length, position),
      readLater: (into, offset, length, position) =>
        new Promise((resolve) => {
          if (ended()) return
          this.#world.after(this.#chance.between(0.02, 0.3), 'read', process, () =>
            resolve(inode.read(into, offset, length, position)),
          )
        }),
      write: (chunks, position) => {
        if (ended()) return
        const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
        const fails = this.failWrites > 0 ? 'EIO' : undefined
        const full = this.isFull && position + bytes > inode.size ? 'ENOSPC' : undefined
        const code = fails ?? full
        if (code !== undefined) {
          if (fails) this.failWrites--
          const part = Buffer.concat(chunks).subarray(0, this.#chance.below(bytes))
          inode.write([part], position)
          throw problem(code, `Write to ${path} failed`)
        }
        if (!changed('write')) {
          // The process ends within this call: a part of it has been done.
          if (process.life === life + 1)
            inode.write(
              [Buffer.concat(chunks).subarray(0, this.#chance.below(bytes + 1))],
              position,
            )
          return
        }
        inode.write(chunks, position)
      },
      truncate: (size) => {
        if (changed('truncate')) inode.truncate(size)
      },
      sync: () => {
        this.#failSync(ended, path, [inode])
        if (changed('sync')) inode.sync()
      },
      syncLater: () => this.#syncLater(process, path, inode),
      close: () => undefined,
    }
  }

  #syncLater(process: Process, path: string, inode: Inode): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = inode.mark()
      const { life } = process
      const takesMs = this.syncMs * this.slowness * (0.5 + this.#chance.random())
      this.#world.after(takesMs, 'sync', process, () => {
        try {
          this.#failSync(() => process.life !== life, path, [inode])
        } catch (error) {
          reject(error)
          return
        }
        inode.syncTo(asked)
        resolve()
      })
    })
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function problem(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}
