/**
 * Where batches begin in a segment file, for one batch in every `index.interval.bytes`:
 *
 * ```
 * int32 last offset of the batch, relative to the segment | int32 position of the batch
 * ```
 *
 * Both ascend strictly. The first batch never has an entry.
 */
import { suffixes } from './file-names.ts'
import { IndexFile } from './index-file.ts'

const entryBytes = 8

export class OffsetIndex extends IndexFile {
  override get path(): string {
    return this.segment.pathOf(suffixes.offsetIndex)
  }

  override get entryBytes(): number {
    return entryBytes
  }

  /** Whether one more entry passes the limit of the file's size. */
  isFull(bytesMax: number): boolean {
    return this.count >= Math.floor(bytesMax / entryBytes)
  }

  add(lastOffset: number, position: number): void {
    const at = this.append()
    const { bytes } = this
    bytes.writeInt32BE(lastOffset - this.segment.baseOffset, at)
    bytes.writeInt32BE(position, at + 4)
  }

  offsetAt(i: number): number {
    return this.segment.baseOffset + this.bytes.readInt32BE(this.positionOf(i))
  }

  positionAt(i: number): number {
    return this.bytes.readInt32BE(this.positionOf(i) + 4)
  }

  /** The last entry whose offset is at most `offset`; -1 when there is none. */
  floor(offset: number): number {
    return this.#lastWhere((i) => this.offsetAt(i) <= offset)
  }

  #lastWhere(holds: (i: number) => boolean): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(middle)) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The last entry whose position is at most `position`; -1 when there is none. */
  floorOfPosition(position: number): number {
    return this.#lastWhere((i) => this.positionAt(i) <= position)
  }

  /** The position from which a scan finds the batch that contains `offset`. */
  positionFor(offset: number): number {
    const i = this.floor(offset)
    return i < 0 ? 0 : this.positionAt(i)
  }

  /** Drops entries of batches that begin at `position` or behind. */
  truncateToPosition(position: number): void {
    let count = this.count
    while (count > 0 && this.positionAt(count - 1) >= position) count--
    this.truncate(count)
  }

  /** Why the loaded entries cannot be right for a segment of so many bytes. */
  fault(segmentBytes: number): string | undefined {
    const { count, bytes, isWhole } = this
    if (!isWhole) return 'it ends within an entry'
    let offset = -1
    let position = 0
    for (let i = 0; i < count; i++) {
      const at = this.positionOf(i)
      const nextOffset = bytes.readInt32BE(at)
      const nextPosition = bytes.readInt32BE(at + 4)
      if (nextOffset <= offset || nextPosition <= position) return `entry ${i} does not ascend`
      offset = nextOffset
      position = nextPosition
    }
    return position >= segmentBytes && count > 0
      ? `it points to ${position} in a file of ${segmentBytes} bytes`
      : undefined
  }
}
