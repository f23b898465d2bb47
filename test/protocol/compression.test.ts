import { expect, test } from 'vitest'
import {
  CompressionError,
  codecNames,
  codecs,
  compress,
  decompress,
} from '../../protocol/compression.ts'
import { lz4Block } from '../../protocol/lz4-block.ts'
import { batchHeaderBytes, codecOf } from '../../protocol/record-batch.ts'
import { snappyBlock, snappyLiterals } from '../../protocol/snappy-block.ts'
import { fromWasm } from '../../protocol/zstd.ts'
import { zstdFrames } from '../../protocol/zstd-frames.ts'
import { goldenLines } from './golden-lines.ts'

const packing = codecNames.filter((name) => name !== 'none')
const samples = {
  text: Buffer.from('a record and another record and yet another record; '.repeat(5000)),
  random: Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i * 2654435761) >>> 11)),
  one: Buffer.from('x'),
}

test.each(packing)('%s gives back what it packed', (name) => {
  for (const sample of Object.values(samples))
    expect(
      decompress(codecs[name], compress(codecs[name], sample), sample.length).equals(sample),
    ).toBe(true)
})

test.each(packing)('%s stops at the limit instead of unpacking a bomb', (name) => {
  const bomb = compress(codecs[name], Buffer.alloc(20_000_000))
  expect(() => decompress(codecs[name], bomb, 1_000_000)).toThrow(
    CompressionError.tooLarge(name, 1_000_000),
  )
})

test.each(packing)('%s refuses data that is cut off, changed or missing', (name) => {
  const packed = compress(codecs[name], samples.text)
  for (const bad of [
    Buffer.alloc(0),
    Buffer.from('no such data, really'),
    packed.subarray(0, packed.length / 2),
  ])
    expect(() => decompress(codecs[name], bad, 1_000_000)).toThrow(CompressionError)
})

test('codecs that do not exist are refused', () => {
  for (const codec of [5, 6, 7])
    expect(() => decompress(codec, samples.one, 1)).toThrow(CompressionError)
})

test('the end of zstd frames is found', () => {
  const frames = Object.values(samples).map((sample) => compress(codecs.zstd, sample))
  const skippable = Buffer.from('502a4d1803000000aabbcc', 'hex')
  const whole = Buffer.concat([...frames, skippable])
  const verdicts = [
    whole,
    whole.subarray(1),
    whole.subarray(0, -1),
    Buffer.concat([whole, Buffer.alloc(9)]),
  ]
  expect(verdicts.map((bytes) => zstdFrames(bytes))).toEqual([
    frames,
    undefined,
    undefined,
    undefined,
  ])
})

interface ProduceCase {
  what?: string
  name?: string
  records_hex: string
  errorCode: number
}
/** Cases about the payload alone. Kafka answers -1 to most that we call corrupt. */
const payloadCases = goldenLines<ProduceCase>('produce.jsonl.gz').filter((one) =>
  /payload|of two|without the xerial|wrong header checksum/.test(one.what ?? one.name ?? ''),
)

test('payloads that Kafka accepts unpack, and those that it refuses do not', () => {
  const verdicts = payloadCases.map((one) => {
    const batch = Buffer.from(one.records_hex, 'hex')
    let ours = true
    try {
      decompress(codecOf(batch, 0), batch.subarray(batchHeaderBytes), 1_000_000)
    } catch (error) {
      expect(error).toBeInstanceOf(CompressionError)
      ours = false
    }
    return { what: one.what ?? one.name, accepted: ours, kafka: one.errorCode }
  })
  // Kafka reads the first of two LZ4 frames and then misses records; so do we, one layer up.
  expect(
    verdicts.filter(
      ({ what, accepted, kafka }) => what !== 'lz4 of two frames' && accepted !== (kafka === 0),
    ),
  ).toEqual([])
  expect(verdicts.length).toBeGreaterThan(15)
})

test('what stands in for native code unpacks the same', () => {
  for (const sample of Object.values(samples)) {
    expect(snappyBlock(snappyLiterals(sample)).equals(sample)).toBe(true)
    const framed = compress(codecs.snappy, sample.subarray(0, 32768))
    expect(snappyBlock(framed.subarray(20)).equals(sample.subarray(0, 32768))).toBe(true)
    const frame = compress(codecs.lz4, sample.subarray(0, 65536))
    const size = frame.readUInt32LE(7)
    if (size < 2 ** 31)
      expect(lz4Block(frame.subarray(11, 11 + size), 65536).equals(sample.subarray(0, 65536))).toBe(
        true,
      )
    const zstd = fromWasm()
    expect(zstd.decompress(compress(codecs.zstd, sample), sample.length).equals(sample)).toBe(true)
    expect(decompress(codecs.zstd, zstd.compress(sample, 3), sample.length).equals(sample)).toBe(
      true,
    )
  }
})
