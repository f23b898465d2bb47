/**
 * What the bytes of a produce cost before they reach the disk: frames out of chunks, batch headers,
 * checksums, stamping, against the size of the batch. Run it: `npx tsx bench/micro/bytes.ts`.
 */
import { buildBatch } from '../../protocol/build-batch.ts'
import { crc32c, crc32cByTable } from '../../protocol/crc32c.ts'
import { FrameReader } from '../../protocol/frame.ts'
import {
  baseOffsetOf,
  batchHeaderBytes,
  batchSizeOf,
  isIntact,
  producerIdOf,
  readBatchHeader,
  recordCountOf,
} from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { scanRecords } from '../../protocol/scan-records.ts'

interface Step {
  readonly name: string
  /** Bytes that one run looks at, where that is what counts. */
  readonly bytes?: number
  run(): void
}

const batchOf = (size: number): Buffer => {
  const value = Buffer.alloc(100, 'x')
  const count = Math.max(1, Math.floor((size - 61) / 107))
  return buildBatch({ records: Array.from({ length: count }, () => ({ timestamp: 1, value })) })
}
const framed = (payload: Buffer): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}
/** The frames of one socket read: 64 KiB of them. */
const chunkOf = (payloadBytes: number): Buffer => {
  const frame = framed(Buffer.alloc(payloadBytes, 1))
  return Buffer.concat(Array.from({ length: Math.ceil(65_536 / frame.length) }, () => frame))
}

const small = batchOf(1024)
const middle = batchOf(16_384)
const large = batchOf(1024 * 1024)
const tinyFrames = chunkOf(100)
const frames = chunkOf(16_400)
const nothing = () => {}
const split = framed(Buffer.alloc(200_000, 1))

export const steps: readonly Step[] = [
  {
    name: '64 KiB of frames of 100 bytes',
    bytes: tinyFrames.length,
    run: () => new FrameReader().each(tinyFrames, nothing),
  },
  {
    name: '64 KiB of frames of 16 KiB',
    bytes: frames.length,
    run: () => new FrameReader().each(frames, nothing),
  },
  {
    name: 'a frame of 200 kB in chunks of 64 KiB',
    bytes: split.length,
    run() {
      const reader = new FrameReader()
      for (let at = 0; at < split.length; at += 65_536)
        reader.each(split.subarray(at, at + 65_536), nothing)
    },
  },
  { name: 'a batch header, all 13 fields', run: () => void readBatchHeader(middle) },
  {
    name: 'a batch header, the 4 fields of an append',
    run() {
      batchSizeOf(middle, 0)
      baseOffsetOf(middle, 0)
      producerIdOf(middle, 0)
      recordCountOf(middle, 0)
    },
  },
  { name: 'a view of a batch', run: () => void middle.subarray(batchHeaderBytes) },
  { name: 'CRC of 1 KiB', bytes: small.length, run: () => void isIntact(small, 0) },
  { name: 'CRC of 16 KiB', bytes: middle.length, run: () => void isIntact(middle, 0) },
  { name: 'CRC of 1 MiB', bytes: large.length, run: () => void crc32c(large) },
  { name: 'CRC of 16 KiB, by table', bytes: middle.length, run: () => void crc32cByTable(middle) },
  {
    name: 'every record of 16 KiB, as a broker looks at it',
    bytes: middle.length,
    run: () => void scanRecords(middle, recordCountOf(middle, 0), batchHeaderBytes),
  },
  {
    name: 'every record of 16 KiB, as a client reads it',
    bytes: middle.length,
    run() {
      for (const _ of recordsOf(middle, 0, 1e9)) {
        // Only to pass over them.
      }
    },
  },
]

/** Nanoseconds per run: the least of several rounds. */
export function measure(runs: number, rounds: number): { name: string; nanoseconds: number }[] {
  return steps.map(({ name, run }) => {
    let least = Number.POSITIVE_INFINITY
    for (let round = 0; round < rounds; round += 1) {
      const start = process.hrtime.bigint()
      for (let i = 0; i < runs; i += 1) run()
      least = Math.min(least, Number(process.hrtime.bigint() - start) / runs)
    }
    return { name, nanoseconds: least }
  })
}

if (process.argv[1] === import.meta.filename) {
  measure(500, 1)
  for (const [i, { name, nanoseconds }] of measure(2000, 5).entries()) {
    const { bytes } = steps[i]!
    const rate = bytes === undefined ? '' : `${(bytes / nanoseconds).toFixed(2)} GB/s`
    console.log(`${name.padEnd(44)} ${nanoseconds.toFixed(0).padStart(9)} ns  ${rate}`)
  }
}
