/**
 * The largest timestamp so far at some places of a segment:
 *
 * ```
 * int64 timestamp | int32 offset where it was reached, relative to the segment
 * ```
 *
 * An entry is added together with one of the offset index when the timestamp has grown, and a last one
 * when the segment is closed. Both ascend strictly.
 */
import { readInt64, writeInt64 } from '../../protocol/fixed.ts'
import { suffixes } from './file-names.ts'
import { IndexFile } from './index-file.ts'

const entryBytes = 12

export class TimeIndex extends IndexFile {
  override get path(): string {
    return this.segment.pathOf(suffixes.timeIndex)
  }

  override get entryBytes(): number {
    return entryBytes
  }

  /** One entry is kept free for the close of the segment. */
  isFull(bytesMax: number): boolean {
    return this.count >= Math.floor(bytesMax / entryBytes) - 1
  }

  /** Adds nothing unless the timestamp is larger than the last. */
  add(timestamp: number, offset: number): void {
    const { count } = this
    if (count > 0 ? timestamp <= this.timestampAt(count - 1) : timestamp < 0) return
    const at = this.append()
    const { bytes } = this
    writeInt64(bytes, timestamp, at)
    bytes.writeInt32BE(offset - this.segment.baseOffset, at + 8)
  }

  timestampAt(i: number): number {
    return readInt64(this.bytes, this.positionOf(i))
  }

  offsetAt(i: number): number {
    return this.segment.baseOffset + this.bytes.readInt32BE(this.positionOf(i) + 8)
  }

  /** An offset at or before the first record with a timestamp of at least `timestamp`. */
  offsetFor(timestamp: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      // With an equal timestamp, the record itself may be in a batch before the entry's.
      if (this.timestampAt(middle) < timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? this.segment.baseOffset : this.offsetAt(low - 1)
  }

  /** Drops entries for `offset` and behind. */
  truncateToOffset(offset: number): void {
    let count = this.count
    while (count > 0 && this.offsetAt(count - 1) >= offset) count--
    this.truncate(count)
  }

  /** Why the loaded entries cannot be right. */
  fault(): string | undefined {
    const { count, isWhole } = this
    if (!isWhole) return 'it ends within an entry'
    for (let i = 0; i < count; i++)
      if (
        i === 0
          ? this.offsetAt(0) < this.segment.baseOffset
          : this.timestampAt(i) <= this.timestampAt(i - 1) ||
            this.offsetAt(i) <= this.offsetAt(i - 1)
      )
        return `entry ${i} does not ascend`
    return undefined
  }
}
