import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { unescapeDelimiter, unescapeFormat } from '../../src/cli/records/escapes.ts'
import { allOf, grepFilter } from '../../src/cli/records/grep.ts'
import { parseJsonRecord } from '../../src/cli/records/json-record.ts'
import { jsonString } from '../../src/cli/records/json-text.ts'
import {
  delimitedPrinter,
  formatPrinter,
  jsonPrinter,
  type Printer,
} from '../../src/cli/records/printer.ts'
import { unpack } from '../../src/cli/records/unpack.ts'
import { BatchBuilder, type RecordHeader, stamp } from '../../src/client/batch-builder.ts'
import { type Fetched, FetchedRecords } from '../../src/client/fetched-records.ts'

interface Sample {
  key: Buffer | null
  value: Buffer | null
  headers?: RecordHeader[]
}
const samples: Sample[] = [
  {
    key: Buffer.from('k'),
    value: Buffer.from('v"1'),
    headers: [
      { key: 'a', value: Buffer.from('1') },
      { key: 'b', value: null },
      { key: 'a', value: Buffer.alloc(0) },
    ],
  },
  { key: null, value: null },
  { key: Buffer.alloc(0), value: Buffer.from([0xff, 0x41, 0x01]) },
]

function fetch(): Fetched {
  const builder = new BatchBuilder(10_000)
  for (const { key, value, headers } of samples) {
    const both = Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)])
    const keyEnd = key?.length ?? 0
    builder.append(
      both,
      key ? 0 : -1,
      keyEnd,
      value ? keyEnd : -1,
      both.length,
      1_700_000_000_000,
      headers,
    )
  }
  const records = builder.seal(0, false)
  stamp(records, -1, -1, -1)
  return {
    topic: 'top',
    partition: 3,
    nodeId: 7,
    fetchOffset: 0,
    records,
    nextOffset: 3,
    highWatermark: 3,
    lastStableOffset: 3,
    logStartOffset: 0,
    atEnd: true,
    abortedTransactions: undefined,
  }
}

function print(printer: Printer): string {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-print-'))
  const path = join(directory, 'out')
  const descriptor = openSync(path, 'w')
  const out = new Output(descriptor)
  const fetched = fetch()
  const records = new FetchedRecords(fetched)
  while (records.next()) printer(out, fetched, records)
  out.flush()
  closeSync(descriptor)
  const text = readFileSync(path, 'latin1')
  rmSync(directory, { recursive: true })
  return text
}

test("kcat's format tokens print what kcat prints", () => {
  expect(print(formatPrinter('%t|%p|%o|%k|%K|%s|%S|%T|%h|%%\\n'))).toBe(
    'top|3|0|k|1|v"1|3|1700000000000|a=1,b=NULL,a=|%\n' +
      'top|3|1||-1||-1|1700000000000||%\n' +
      'top|3|2||0|\xff\x41\x01|3|1700000000000||%\n',
  )
  expect(print(formatPrinter('%R'))).toBe('\0\0\0\x03\xff\xff\xff\xff\0\0\0\x03')
  expect(print(formatPrinter('%k:%s;', { nullText: 'NULL' }))).toBe(
    'k:v"1;NULL:NULL;NULL:\xff\x41\x01;',
  )
})

test('our tokens show bytes, times and single headers', () => {
  expect(print(formatPrinter('%x{s} %b{k} %j{k} %F %H{a} %B;'))).toBe(
    '762231 aw== "k" 2023-11-14T22:13:20.000Z 1 7;' +
      '  null 2023-11-14T22:13:20.000Z  7;' +
      'ff4101  "" 2023-11-14T22:13:20.000Z  7;',
  )
})

test('a format that makes no sense is refused in the words of kcat', () => {
  expect(() => formatPrinter('%q')).toThrow('Unsupported formatter: %q')
  expect(() => formatPrinter('a%')).toThrow('Empty formatter')
})

test('delimiters stand behind keys and records', () => {
  const printer = delimitedPrinter(Buffer.from('::'), Buffer.from('\0'), {})
  expect(print(printer)).toBe('k::v"1\0::\0::\xff\x41\x01\0')
})

test('JSON is valid whatever the bytes are, and reads back as the same record', () => {
  const options = { headers: 'flat', delimiter: Buffer.from('\n'), encoding: 'text' } as const
  const lines = Buffer.from(print(jsonPrinter(options)), 'latin1')
    .toString()
    .trim()
    .split('\n')
  expect(lines[0]).toBe(
    '{"topic":"top","partition":3,"offset":0,"tstype":"create","ts":1700000000000,"broker":7,"headers":["a","1","b",null,"a",""],"key":"k","payload":"v\\"1"}',
  )
  for (const encoding of ['text', 'base64', 'hex'] as const) {
    const printed = Buffer.from(print(jsonPrinter({ ...options, encoding })), 'latin1').toString()
    const back = printed
      .trim()
      .split('\n')
      .map((line) => parseJsonRecord(line, 1))
    expect(back.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(
      samples.map(({ key, value, headers = [] }) => ({ key, value, headers })),
    )
  }
})

test('headers as a map keep the last of a name', () => {
  const printer = jsonPrinter({ headers: 'map', delimiter: Buffer.from('\n'), encoding: 'text' })
  expect(JSON.parse(print(printer).split('\n')[0]!).headers).toEqual({ a: '', b: null })
})

test('control characters are written as yajl writes them', () => {
  expect(jsonString('\u0001\u001f\n"\\/é')).toBe('"\\u0001\\u001F\\n\\"\\\\/é"')
})

test('escapes of formats and delimiters', () => {
  expect([
    unescapeFormat('a\\n\\x41\\065\\10\\q\\x00'),
    unescapeDelimiter('\\t\\x2c\\q\\r'),
  ]).toEqual([Buffer.from('a\nA5\nq\0'), Buffer.from('\t,\\q\r')])
})

test('pack strings give numbers of either byte order', () => {
  const bytes = Buffer.from('0500000007ff', 'hex')
  expect([unpack('value', '<i Bb', bytes), unpack('value', '>h h H', bytes)].map(String)).toEqual([
    '5 7-1',
    '1280 0 2047',
  ])
  expect(() => unpack('value', 'q', bytes)).toThrow(
    'value truncated, expected 8 bytes to unpack q but only 6 bytes remaining',
  )
  expect(() => unpack('key', 'i$', bytes)).toThrow(
    'expected key end-of-input, but 2 bytes remaining',
  )
})

test('grep looks into values, keys and headers', () => {
  const offsets = (...texts: string[]) => {
    const records = new FetchedRecords(fetch())
    const filter = allOf(texts.map(grepFilter))!
    const found: number[] = []
    while (records.next()) if (filter(records)) found.push(records.offset)
    return found
  }
  expect([
    offsets('^v'),
    offsets('!^v'),
    offsets('k:^k$'),
    offsets('h:a=1'),
    offsets('h:b'),
    offsets('!h:a', 'A'),
  ]).toEqual([[0], [1, 2], [0], [0], [0], [2]])
})
