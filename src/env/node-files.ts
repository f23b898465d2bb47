/** Files of the operating system. */
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { File, Files } from './env.ts'
import { lockFile } from './node-lock.ts'
import { unlinkLater } from './node-unlink.ts'

const openFlags = {
  read: 'r',
  write: 'r+',
  create: constants.O_RDWR | constants.O_CREAT,
} as const

export const nodeFiles: Files = {
  open: (path, mode) => new NodeFile(openSync(path, openFlags[mode])),
  readFile: (path) => readFileSync(path),
  replaceFile(path, bytes, sync = true) {
    const beside = `${path}.tmp`
    const fd = openSync(beside, 'w')
    try {
      writeAll(fd, bytes, 0)
      if (sync) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
    if (sync) syncDirectory(dirname(path))
  },
  rename: renameSync,
  unlink: unlinkSync,
  unlinkLater,
  makeDirectory,
  removeDirectory: (path) => rmdirSync(path),
  list: (path) =>
    readdirSync(path, { withFileTypes: true })
      .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  stat(path) {
    const stat = statSync(path, { throwIfNoEntry: false })
    return (
      stat && {
        sizeBytes: stat.size,
        modifiedMs: stat.mtimeMs,
        isDirectory: stat.isDirectory(),
        // The number alone is given again when a file is gone.
        identity: `${stat.ino}-${stat.birthtimeMs}`,
      }
    )
  },
  syncDirectory,
  syncDirectoryLater,
  space(path) {
    const { bsize, blocks, bavail } = statfsSync(path)
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  },
  lock: lockFile,
}

/** Windows has no way to sync a directory, and needs none: its renames are journaled. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncDirectoryLater(path: string): Promise<void> {
  if (process.platform === 'win32') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const fd = openSync(path, 'r')
    fsync(fd, (error) => {
      closeSync(fd)
      if (error) reject(error)
      else resolve()
    })
  })
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  let written = 0
  while (written < bytes.length)
    written += writeSync(fd, bytes, written, bytes.length - written, position + written)
}

/** The most bytes that are copied together for one write, and what a chunk may have of them on average. */
const gatherBytesMax = 64 * 1024
const gatherChunkBytesMax = 4096
let gathering: Buffer | undefined

/**
 * Small chunks as one, valid until the next call: each that is handed over by itself costs more than its copy. `undefined`
 * where they are large.
 */
function gather(chunks: readonly Buffer[]): Buffer | undefined {
  let size = 0
  for (const chunk of chunks) size += chunk.length
  if (size > gatherBytesMax || size > chunks.length * gatherChunkBytesMax) return undefined
  gathering ??= Buffer.allocUnsafeSlow(gatherBytesMax)
  let at = 0
  for (const chunk of chunks) {
    gathering.set(chunk, at)
    at += chunk.length
  }
  return gathering.subarray(0, at)
}

export class NodeFile implements File {
  readonly fd: number

  constructor(fd: number) {
    this.fd = fd
  }

  sizeBytes(): number {
    return fstatSync(this.fd).size
  }

  read(into: Buffer, offset: number, length: number, position: number): number {
    let done = 0
    while (done < length) {
      const count = readSync(this.fd, into, offset + done, length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  async readLater(into: Buffer, offset: number, length: number, position: number): Promise<number> {
    let done = 0
    while (done < length) {
      const count = await this.#readOnce(into, offset + done, length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  #readOnce(into: Buffer, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) =>
      read(this.fd, into, offset, length, position, (error, count) =>
        error ? reject(error) : resolve(count),
      ),
    )
  }

  write(chunks: readonly Buffer[], position: number): void {
    if (chunks.length === 1) {
      writeAll(this.fd, chunks[0]!, position)
      return
    }
    const gathered = gather(chunks)
    if (gathered !== undefined) {
      writeAll(this.fd, gathered, position)
      return
    }
    let skip = chunks.length === 0 ? 0 : writevSync(this.fd, chunks, position)
    let at = position + skip
    // A short write is rare (a full disk, a file size limit): the rest goes chunk by chunk.
    for (const chunk of chunks) {
      const done = Math.min(skip, chunk.length)
      skip -= done
      if (done === chunk.length) continue
      writeAll(this.fd, chunk.subarray(done), at)
      at += chunk.length - done
    }
  }

  truncate(sizeBytes: number): void {
    ftruncateSync(this.fd, sizeBytes)
  }

  sync(): void {
    fdatasyncSync(this.fd)
  }

  syncLater(): Promise<void> {
    return new Promise((resolve, reject) =>
      fdatasync(this.fd, (error) => (error ? reject(error) : resolve())),
    )
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** Not with `recursive`: where a file system makes none and says ENOENT (/proc), Node 20 tries for ever. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const parent = dirname(path)
    if (existsSync(parent)) throw new Error(`Directory ${path} cannot be made in ${parent}`)
    makeDirectory(parent)
    makeDirectory(path)
  }
}
