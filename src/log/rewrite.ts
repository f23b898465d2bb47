import type { Segment } from './segment.ts'

const pieceBytes = 1024 * 1024

/**
 * Writes what can be read of a segment's batches again, so that the next sync means it. After one that failed the
 * kernel takes for written what it only has in memory.
 */
export function rewrite({ file, sizeBytes }: Segment): Promise<void> {
  return file.whileOpen(async (open) => {
    const piece = Buffer.allocUnsafe(Math.min(sizeBytes, pieceBytes))
    for (let position = 0; position < sizeBytes; ) {
      const wanted = Math.min(piece.length, sizeBytes - position)
      const count = await open.readLater(piece, 0, wanted, position)
      if (count === 0) return
      open.write([piece.subarray(0, count)], position)
      position += count
    }
  })
}
