/**
 * `sendfile(2)`: from the page cache to a socket, without a copy on the way through this process. It makes large
 * fetches cost half as much. Node has no such call; `koffi` calls the C library, on Linux where a file's
 * offset has 64 bits. It is an optional package: where it is missing, or refuses to load, bytes are read and written.
 *
 * `send(2)` with `MSG_MORE` beside it: what goes before the file's bytes shares a packet with them.
 */
import { createRequire } from 'node:module'

interface Calls {
  readonly sendFile: (socket: number, file: number, offset: Buffer, count: number) => number
  readonly send: (socket: number, bytes: Buffer, count: number, flags: number) => number
}

const offset = Buffer.alloc(8)
const flags = { MSG_DONTWAIT: 0x40, MSG_NOSIGNAL: 0x4000, MSG_MORE: 0x8000 }
const aheadFlags = flags.MSG_DONTWAIT | flags.MSG_NOSIGNAL | flags.MSG_MORE
let loaded: Calls | undefined
let isMissing = process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)

/** False once it is known that there is none. It is loaded with the first call: that takes 10 ms and 4 MB. */
export function mayHaveSendFile(): boolean {
  return !isMissing
}

/** How many bytes the kernel took: fewer when the socket's buffer is full, 0 also when it failed. */
export function sendFile(socket: number, file: number, position: number, length: number): number {
  loaded ??= load()
  if (loaded === undefined) return 0
  offset.writeBigInt64LE(BigInt(position))
  return Math.max(0, loaded.sendFile(socket, file, offset, length))
}

/** As `sendFile`, for bytes that are in memory; they wait in the kernel for what follows. */
export function sendAhead(socket: number, bytes: Buffer): number {
  loaded ??= load()
  return loaded === undefined
    ? 0
    : Math.max(0, loaded.send(socket, bytes, bytes.length, aheadFlags))
}

function load(): Calls | undefined {
  if (isMissing) return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    return {
      sendFile: library.func('int64 sendfile(int socket, int file, void *offset, uint64 count)'),
      send: library.func('int64 send(int socket, const void *bytes, uint64 count, int flags)'),
    }
  } catch {
    isMissing = true
    return undefined
  }
}
