/**
 * Where the frames of Zstandard data end (RFC 8878, 3.1).
 *
 * node:zlib unpacks the first frame and ignores the rest (Node 24.9), Kafka's readers unpack all and
 * fail on what is no frame: so they are looked for.
 */
const magic = 0xfd2fb528
const checksumBit = 0x04
const singleSegmentBit = 0x20
const rleBlock = 1

/**
 * The frames of bytes that are whole frames from end to end, `undefined` for others. What the blocks
 * hold is not looked at; frames that are to be skipped are left out.
 */
export function zstdFrames(bytes: Buffer): Buffer[] | undefined {
  const frames: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return undefined
    const start = at
    const word = bytes.readUInt32LE(at)
    if (word >>> 4 === 0x184d2a5) at += 8 + bytes.readUInt32LE(at + 4)
    else if (word === magic) {
      at = frameEnd(bytes, at + 4)
      frames.push(bytes.subarray(start, at))
    } else return undefined
  }
  return at === bytes.length ? frames : undefined
}

function frameEnd(bytes: Buffer, start: number): number {
  const descriptor = bytes[start]!
  const single = descriptor & singleSegmentBit
  const windowBytes = single ? 0 : 1
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  let at = start + 1 + windowBytes + dictionaryBytes + sizeBytes
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) return Infinity
    const block = bytes.readUIntLE(at, 3)
    last = (block & 1) === 1
    at += 3 + (((block >> 1) & 3) === rleBlock ? 1 : block >> 3)
  }
  return at + (descriptor & checksumBit ? 4 : 0)
}
