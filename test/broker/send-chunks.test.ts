import { truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sendChunks } from '../../src/broker/send-chunks.ts'
import type { Connection, File } from '../../src/env/env.ts'
import type { FileRange } from '../../src/log/file-range.ts'
import { findRange } from '../../src/log/file-range.ts'
import type { Log } from '../../src/log/log.ts'
import { append } from '../log/batches.ts'
import { temporaryLog } from '../log/temporary-disk.ts'

/** A connection whose kernel takes so many bytes of each file, one after the other. */
class Kernel {
  readonly sent: Buffer[] = []
  /** What was sent as a file, and what was written. */
  readonly calls: string[] = []
  pendingBytes = 0
  readonly #takes: number[]

  constructor(takes: number[]) {
    this.#takes = takes
  }

  write(chunks: readonly Buffer[], onWritten?: () => void): boolean {
    const bytes = Buffer.concat(chunks)
    this.calls.push(`write ${bytes.length}`)
    this.sent.push(bytes)
    onWritten?.()
    return true
  }

  sendFile(file: File, position: number, length: number): number {
    const bytes = Buffer.alloc(Math.min(length, this.#takes.shift() ?? 0))
    file.read(bytes, 0, bytes.length, position)
    this.calls.push(`send ${bytes.length}`)
    this.sent.push(bytes)
    return bytes.length
  }
}

function logOf(): Log {
  const log = temporaryLog()
  for (let i = 0; i < 40; i++) append(log, 'v'.repeat(1000 + i))
  log.highWatermark = log.logEndOffset
  return log
}

function rangeOf(log: Log, offset: number): FileRange {
  const wanted = { offset, bytesMin: 1, bytesMax: 8000, upTo: 40, endOffset: 40 }
  return findRange(log.segments.list[0]!, { ...wanted, indexIntervalBytes: 4096 })!.records
}

function send(kernel: Kernel, chunks: (Buffer | FileRange)[]): { written: number } {
  const count = { written: 0 }
  sendChunks(kernel as unknown as Connection, chunks, () => count.written++)
  return count
}

const head = Buffer.from('head')
const tail = Buffer.from('tail')

for (const [what, takes, calls] of [
  ['all of it', [9000, 9000], ['write 4', 'send A', 'write 4', 'send B', 'write 4']],
  ['nothing', [0], ['write 4', 'send 0', 'write rest']],
  ['a part of the first', [100], ['write 4', 'send 100', 'write rest']],
  ['a part of the second', [9000, 7], ['write 4', 'send A', 'write 4', 'send 7', 'write rest']],
] as const) {
  test(`ranges and buffers arrive in order when the kernel takes ${what}`, () => {
    const log = logOf()
    const [a, b] = [rangeOf(log, 0), rangeOf(log, 20)]
    const expected = Buffer.concat([head, a.copy(0), head, b.copy(0), tail])
    const kernel = new Kernel([...takes])
    const chunks = [head, rangeOf(log, 0), head, rangeOf(log, 20), tail]
    expect(send(kernel, chunks).written).toBe(1)
    expect(Buffer.concat(kernel.sent).equals(expected)).toBe(true)
    const named = kernel.calls.map((call) =>
      call
        .replace(`send ${a.length}`, 'send A')
        .replace(`send ${b.length}`, 'send B')
        .replace(/write \d\d+/, 'write rest'),
    )
    expect(named).toEqual(calls)
  })
}

test('nothing is sent past bytes that wait: all is copied and written at once', () => {
  const log = logOf()
  const kernel = new Kernel([9000])
  kernel.pendingBytes = 1
  const range = rangeOf(log, 0)
  send(kernel, [head, range, tail])
  expect(kernel.calls).toEqual([`write ${range.length + 8}`])
})

test('an answer that ends with a range is done when the kernel has all of it', () => {
  const kernel = new Kernel([9000])
  expect(send(kernel, [head, rangeOf(logOf(), 0)]).written).toBe(1)
  expect(kernel.calls).toHaveLength(2)
})

test('bytes that are gone are not made up', () => {
  const log = logOf()
  const range = rangeOf(log, 0)
  truncateSync(log.segments.list[0]!.file.path, 100)
  const kernel = new Kernel([50])
  expect(() => send(kernel, [head, range, tail])).toThrow(/ends at 100/)
  expect(Buffer.concat(kernel.sent)).toHaveLength(head.length + 50)
})

for (const [taken, calls] of [
  [4, ['ahead 4', 'send A', 'write 4']],
  [1, ['ahead 1', 'write 3', 'send A', 'write 4']],
  [0, ['ahead 0', 'write 4', 'send A', 'write 4']],
] as const) {
  test(`what stands before a range goes ahead of it as far as the kernel takes it: ${taken} of 4 bytes`, () => {
    const kernel = new Kernel([9000])
    const sendAhead = (bytes: Buffer): number => {
      kernel.calls.push(`ahead ${taken}`)
      kernel.sent.push(bytes.subarray(0, taken))
      return taken
    }
    const range = rangeOf(logOf(), 0)
    const expected = Buffer.concat([head, range.copy(0), tail])
    send(Object.assign(kernel, { sendAhead }), [head, range, tail])
    expect(Buffer.concat(kernel.sent).equals(expected)).toBe(true)
    expect(kernel.calls.map((call) => call.replace(`send ${range.length}`, 'send A'))).toEqual(
      calls,
    )
  })
}
