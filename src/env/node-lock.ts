/**
 * A lock that the operating system releases when its holder ends, however it ends.
 *
 * Node has no flock. What the systems give through plain Node is different on each:
 * - macOS and Windows open a file exclusively (`O_EXLOCK`; no sharing).
 * - Linux binds a name in the abstract socket namespace, made from the device and the inode of the
 *   lock file. The kernel drops the name with the process. Two containers with separate network
 *   namespaces do not see each other's names: there the entry in `/proc/locks` of another holder is
 *   looked for too, which also finds a Java broker on the same directory.
 *
 * The file carries the process id of its last holder, for the message to the one that comes second.
 */
import { closeSync, ftruncateSync, openSync, promises, statSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Lock } from './env.ts'

/** `O_EXLOCK | O_NONBLOCK` of macOS, `UV_FS_O_EXLOCK` of Windows. */
const exclusive: Partial<Record<NodeJS.Platform, number>> = { darwin: 0x24, win32: 0x1000_0000 }
const readWriteCreate =
  process.platform === 'darwin' ? 0x202 : process.platform === 'win32' ? 0x102 : 0x42

export async function lockFile(path: string): Promise<Lock | undefined> {
  const flags = exclusive[process.platform]
  return flags === undefined ? lockByName(path) : lockByOpening(path, readWriteCreate | flags)
}

function lockByOpening(path: string, flags: number): Lock | undefined {
  try {
    const fd = openSync(path, flags)
    sign(fd)
    return { release: () => closeSync(fd) }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['EAGAIN', 'EBUSY', 'EPERM', 'EACCES'].includes(code)) return undefined
    throw error
  }
}

async function lockByName(path: string): Promise<Lock | undefined> {
  const fd = openSync(path, readWriteCreate)
  const { dev, ino } = statSync(path)
  const server = createServer((socket) => socket.destroy()).unref()
  const named = new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(`\0ottla-lock-${dev}-${ino}`, () => resolve(true))
  })
  const [taken, elsewhere] = await Promise.all([named, isLockedInKernel(dev, ino)])
  if (!taken || elsewhere) {
    server.close()
    closeSync(fd)
    return undefined
  }
  sign(fd)
  // Open as long as it is held: a new file must not get the inode of one that was removed meanwhile.
  return {
    release() {
      server.close()
      closeSync(fd)
    },
  }
}

async function isLockedInKernel(dev: number, ino: number): Promise<boolean> {
  const major = Math.floor(dev / 256) & 0xfff
  const minor = (dev & 0xff) | (Math.floor(dev / 2 ** 12) & 0xfff00)
  const hex = (n: number) => n.toString(16).padStart(2, '0')
  const entry = ` ${hex(major)}:${hex(minor)}:${ino} `
  // A list that is older than our file may have the lock of one that was removed: inodes are given again.
  return (await lockTable()).includes(entry) && (await readLockTable()).includes(entry)
}

let listed: Promise<string> | undefined

/**
 * The kernel holds everybody's locks still while it lists them, which takes 10 ms and more: a list that was asked
 * for within the last second is as good as a new one. (Who locks at this very moment is found by neither.)
 */
export function lockTable(): Promise<string> {
  if (listed === undefined) {
    listed = readLockTable()
    setTimeout(() => {
      listed = undefined
    }, 1000).unref()
  }
  return listed
}

/** Empty without /proc: nothing is to be seen there. */
const readLockTable = () => promises.readFile('/proc/locks', 'latin1').catch(() => '')

function sign(fd: number): void {
  ftruncateSync(fd, 0)
  writeSync(fd, `${process.pid}\n`, 0)
}
