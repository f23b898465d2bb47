/**
 * `sendfile(2)`: from the page cache to a socket, without a copy on the way through this process. It makes large
 * fetches cost half as much. Node has no such call; `koffi` calls the C library, on Linux where a file's
 * offset has 64 bits. It is an optional package: where it is missing, or refuses to load, bytes are read and written.
 */
import { createRequire } from 'node:module'

type SendFile = (socket: number, file: number, offset: Buffer, count: number) => number

const offset = Buffer.alloc(8)
let loaded: SendFile | undefined
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
  return Math.max(0, loaded(socket, file, offset, length))
}

function load(): SendFile | undefined {
  if (isMissing) return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    return koffi.load(null).func('int64 sendfile(int socket, int file, void *offset, uint64 count)')
  } catch {
    isMissing = true
    return undefined
  }
}
