/** How answers leave. */
import type { Chunk } from '../../protocol/slab.ts'
import type { Connection } from '../env/env.ts'
import { FileRange } from '../log/file-range.ts'

/**
 * Sends chunks in their order: what lies in files from there, as far as the kernel takes it at once, and copies
 * of the rest.
 * @throws what reading a file throws; the answer is then incomplete, and the connection has to end.
 */
export function sendChunks(
  connection: Connection,
  chunks: readonly Chunk[],
  onWritten: () => void,
): void {
  const rest: Buffer[] = []
  let isIdle = connection.sendFile !== undefined && connection.pendingBytes === 0
  for (const chunk of chunks) {
    if (!(chunk instanceof FileRange)) {
      rest.push(chunk as Buffer)
      continue
    }
    let sent = 0
    if (isIdle) {
      if (rest.length > 0) sendAhead(connection, rest.splice(0))
      sent = connection.sendFile?.(chunk.file, chunk.position, chunk.length) ?? 0
      isIdle = sent === chunk.length
    }
    if (sent < chunk.length) rest.push(chunk.copy(sent))
  }
  if (rest.length > 0) connection.write(rest, onWritten)
  else onWritten()
}

/** In one packet with what follows, as far as the kernel takes it: headers are small. */
function sendAhead(connection: Connection, [first, ...others]: Buffer[]): void {
  const taken = connection.sendAhead?.(first!) ?? 0
  if (taken < first!.length) others.unshift(first!.subarray(taken))
  if (others.length > 0) connection.write(others)
}
