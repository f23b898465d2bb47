import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../protocol/bytes.ts'
import {
  FrameMemory,
  FrameReader,
  FrameWriter,
  frameBytesMaxDefault,
} from '../../protocol/frame.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Heartbeat } from '../../protocol/messages/heartbeat.ts'

const frame = (payload: Buffer) => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}
const sized = (size: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(size)
  return bytes
}
/** What the memory of a chunk looks like once it is used again. */
const spoil = (chunk: Buffer) => chunk.fill(0xee)

test('memory of a frame that spanned chunks is free when the frame was looked at', () => {
  const memory = new FrameMemory(64 * 1024)
  const reader = new FrameReader(undefined, memory)
  const bytes = Buffer.concat([Buffer.from([0, 0, 0x40, 0]), Buffer.alloc(0x4000)])
  reader.feed(bytes.subarray(0, 100))
  expect(reader.feed(bytes.subarray(100))).toHaveLength(1)
  expect(memory.take(0x4000)).toBeUndefined()
  reader.release()
  expect(memory.take(0x4000)?.length).toBeGreaterThanOrEqual(0x4000)
})

test('a large frame is completed where its space is, without another copy', () => {
  const memory = new FrameMemory(1 << 20)
  memory.give(Buffer.alloc(300_000, 0xee))
  const reader = new FrameReader(undefined, memory)
  const stream = Buffer.concat([frame(Buffer.alloc(200_000, 'large')), frame(Buffer.from('next'))])
  expect(reader.space).toBeUndefined()
  reader.feed(stream.subarray(0, 3))
  expect(reader.space).toBeUndefined()
  reader.feed(stream.subarray(3, 1000))
  const space = reader.space!
  expect(space.length).toBe(200_004 - 1000)
  stream.copy(space, 0, 1000, 120_000)
  expect(reader.feed(space.subarray(0, 119_000))).toEqual([])
  const rest = reader.space!
  expect([rest.length, rest.buffer === space.buffer]).toEqual([200_004 - 120_000, true])
  stream.copy(rest, 0, 120_000, 180_000)
  reader.feed(rest.subarray(0, 60_000))
  expect(reader.space).toBeUndefined() // So little comes with what follows.
  const [large, next] = reader.feed(Buffer.from(stream.subarray(180_000)))
  expect(large!.equals(Buffer.alloc(200_000, 'large'))).toBe(true)
  expect([large!.buffer === space.buffer, String(next)]).toEqual([true, 'next'])
})

test('frames of all sizes come out whole when each read goes where it belongs', () => {
  const sizes = [10, 300_000, 5, 262_139, 262_140, 400_000, 70_000, 300_000, 0]
  const payloads = sizes.map((size, i) => Buffer.alloc(size, `${i} and `))
  const stream = Buffer.concat(payloads.map(frame))
  const memory = new FrameMemory(1 << 20)
  const shared = Buffer.alloc(350_000)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1 }), (reads) => {
      const reader = new FrameReader(undefined, memory)
      const seen: boolean[] = []
      for (let at = 0, i = 0; at < stream.length; i++) {
        const place = reader.space ?? shared
        const size = Math.min(place.length, Math.max(50, reads[i % reads.length]!))
        const count = stream.copy(place, 0, at, at + size)
        for (const payload of reader.feed(place.subarray(0, count)))
          seen.push(payload.equals(payloads[seen.length]!))
        reader.release()
        shared.fill(0xee)
        at += count
      }
      expect(seen).toEqual(sizes.map(() => true))
    }),
    { numRuns: 30 },
  )
})

test('the space of a frame grows with what has come, not with what its size claims', () => {
  const reader = new FrameReader()
  reader.feed(Buffer.concat([sized(frameBytesMaxDefault), Buffer.alloc(100_000)]))
  const sizes: number[] = []
  for (let i = 0; i < 4; i++) {
    const space = reader.space!
    sizes.push(space.length)
    reader.feed(space)
  }
  expect(sizes).toEqual([100_004, 200_008, 400_016, 800_032])
})

test('payloads come out whole however the stream is cut', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 })
  const cuts = fc.array(fc.nat(20), { minLength: 1 })
  fc.assert(
    fc.property(payloads, cuts, (payloads, cuts) => {
      const stream = Buffer.concat(payloads.map((payload) => frame(Buffer.from(payload))))
      const reader = new FrameReader()
      const seen: string[] = []
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = Math.max(1, cuts[i % cuts.length]!)
        const chunk = Buffer.from(stream.subarray(at, at + size))
        seen.push(...reader.feed(chunk).map((payload) => payload.toString('hex')))
        spoil(chunk)
        at += size
      }
      expect(seen).toEqual(payloads.map((payload) => Buffer.from(payload).toString('hex')))
      expect(reader.pendingBytes).toBe(0)
    }),
  )
})

test('frames of several connections come out whole from memory that is used again', () => {
  const memory = new FrameMemory(64 * 1024)
  const readers = [1, 2, 3].map(() => new FrameReader(frameBytesMaxDefault, memory))
  const sizes = [9000, 20_000, 100, 12_000, 30_000, 8192, 1, 25_000]
  const streams = readers.map((_, r) =>
    Buffer.concat(sizes.map((size, i) => frame(Buffer.alloc(size, `${r}${i}`)))),
  )
  const wrong: string[] = []
  const seen = [0, 0, 0]
  for (let at = 0; at < streams[0]!.length; at += 7000) {
    for (const [r, reader] of readers.entries()) {
      const chunk = Buffer.from(streams[r]!.subarray(at, at + 7000))
      for (const payload of reader.feed(chunk)) {
        const i = seen[r]!++
        if (!payload.equals(Buffer.alloc(sizes[i]!, `${r}${i}`))) wrong.push(`${r} ${i}`)
      }
      spoil(chunk)
    }
  }
  expect([seen, wrong]).toEqual([[8, 8, 8], []])
})

test('memory of frames is kept up to a limit, and given to those that it holds', () => {
  const memory = new FrameMemory(40_000)
  const [small, large, more] = [10_000, 20_000, 30_000].map((size) => Buffer.alloc(size))
  for (const each of [small!, large!, more!, Buffer.alloc(10)]) memory.give(each)
  const taken = [15_000, 15_000, 100, 100].map((size) => memory.take(size)?.length)
  expect(taken).toEqual([20_000, undefined, 10_000, undefined])
})

test('two frames cut at every two places come out whole', () => {
  const stream = Buffer.concat([frame(Buffer.from('hello')), frame(Buffer.from('you'))])
  for (let a = 0; a <= stream.length; a++) {
    for (let b = a; b <= stream.length; b++) {
      const reader = new FrameReader()
      const seen = [stream.subarray(0, a), stream.subarray(a, b), stream.subarray(b)].flatMap(
        (chunk) => reader.feed(Buffer.from(chunk)).map(String),
      )
      expect(seen).toEqual(['hello', 'you'])
    }
  }
})

test('a payload within one chunk is a view into it', () => {
  const chunk = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))])
  const frames = new FrameReader().feed(chunk)
  expect(frames.map((payload) => [payload.toString(), payload.buffer === chunk.buffer])).toEqual([
    ['one', true],
    ['two', true],
  ])
})

test('a size that is negative or over the limit is refused, in one chunk or byte by byte', () => {
  for (const size of [-1, -(2 ** 31), frameBytesMaxDefault + 1, 2 ** 31 - 1]) {
    expect(() => new FrameReader().feed(sized(size))).toThrow(ProtocolError)
    expect(() => {
      const reader = new FrameReader()
      for (const byte of sized(size)) reader.feed(Buffer.of(byte))
    }).toThrow(ProtocolError)
  }
})

test('a size at the limit takes no memory before the bytes come', () => {
  const readers = Array.from({ length: 1000 }, () => new FrameReader())
  const before = process.memoryUsage().arrayBuffers
  for (const reader of readers) reader.feed(Buffer.concat([sized(frameBytesMaxDefault), sized(7)]))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
  expect(readers[0]!.pendingBytes).toBe(8)
})

test('a frame of 100 MiB in chunks of 64 KiB is put together', () => {
  const reader = new FrameReader()
  const chunk = Buffer.alloc(65_536)
  const frames = reader.feed(sized(frameBytesMaxDefault))
  for (let at = 0; at < frameBytesMaxDefault; at += chunk.length) {
    chunk.writeInt32BE(at, 0)
    frames.push(...reader.feed(chunk))
  }
  const at = Array.from({ length: 1600 }, (_, i) => i * 65_536)
  expect(frames.map((payload) => payload.length)).toEqual([frameBytesMaxDefault])
  expect(at.map((at) => frames[0]!.readInt32BE(at))).toEqual(at)
})

test('frames are written one after the other, large records by reference', () => {
  const records = Buffer.alloc(5000, 7)
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 9, abortedTransactions: null }
  const response = {
    responses: [{ topic: 't', partitions: [{ ...partition, records }] }],
  }
  const writer = new FrameWriter()
  writer.response(Heartbeat, { apiVersion: 0, correlationId: 1 }, { errorCode: 27 })
  writer.response(Fetch, { apiVersion: 11, correlationId: 2 }, response)
  writer.response(Heartbeat, { apiVersion: 4, correlationId: 3 }, { errorCode: 0 })
  const chunks = writer.take()
  expect(chunks.map((chunk) => chunk === records)).toEqual([false, true, false])
  const frames = new FrameReader().feed(Buffer.concat(chunks))
  expect(frames.map((payload) => [payload.length, payload.readInt32BE(0)])).toEqual([
    [6, 1],
    [5067, 2],
    [12, 3],
  ])
  expect(frames[1]!.subarray(-5000)).toEqual(records)
  expect(writer.take()).toEqual([])
})

test('a response that cannot be written leaves no trace', () => {
  const writer = new FrameWriter()
  const header = { apiVersion: 4, correlationId: 1 }
  writer.response(Heartbeat, header, { errorCode: 0 })
  expect(() =>
    writer.request(
      Heartbeat,
      { ...header, clientId: 'x'.repeat(40_000) },
      { groupId: '', generationId: 0, memberId: '' },
    ),
  ).toThrow('Heartbeat request v4 cannot be written: A string of 40000 bytes is over 32767')
  writer.response(Heartbeat, header, { errorCode: 1 })
  expect(Buffer.concat(writer.take()).toString('hex')).toBe(
    '0000000c000000010000000000000000' + '0000000c000000010000000000000100',
  )
})

test('what was handed out does not change while more is written', () => {
  const writer = new FrameWriter()
  const write = (errorCode: number) => {
    writer.response(Heartbeat, { apiVersion: 0, correlationId: errorCode }, { errorCode })
    return writer.take()
  }
  const chunks = Array.from({ length: 5000 }, (_, i) => write(i))
  expect(chunks.map((parts) => Buffer.concat(parts).readInt16BE(8))).toEqual(
    Array.from({ length: 5000 }, (_, i) => i),
  )
})
