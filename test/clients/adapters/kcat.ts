import { join } from 'node:path'
import { type Adapter, topicByTopic } from '../adapter.ts'
import { run } from '../process.ts'
import { codecs, type NewRecord, type ReadRecord } from '../record.ts'
import { repository } from '../tools.ts'

/** Not in any sample record. */
const keyEnd = '\u001f'
const recordEnd = '\u001e'

/** What one run of kcat can send: same partition, headers, and treatment of "nothing". */
function runOf(record: NewRecord): string[] {
  const { key, value } = record
  return [
    ...['-p', `${record.partition}`],
    ...record.headers.flatMap(([name, data]) => ['-H', data === null ? name : `${name}=${data}`]),
    ...(key === null ? [] : ['-K', keyEnd]),
    ...(value === null ? ['-Z'] : []),
  ]
}

/** What lies behind `%p %o %T %K %S %h\n` and then key and value themselves. */
function parse(output: Buffer): ReadRecord[] {
  const records: ReadRecord[] = []
  for (let at = 0; at < output.length; ) {
    const lineEnd = output.indexOf(10, at)
    const [partition, offset, timestamp, keyBytes, valueBytes, headers = ''] = output
      .toString('utf8', at, lineEnd)
      .split(' ')
    at = lineEnd + 1
    const take = (length: number) => {
      if (length < 0) return null
      at += length
      return output.subarray(at - length, at)
    }
    records.push({
      partition: Number(partition),
      offset: Number(offset),
      timestamp: Number(timestamp),
      key: take(Number(keyBytes)),
      value: take(Number(valueBytes)),
      headers: headers
        .split(',')
        .filter(Boolean)
        .map((header) => {
          const [name = '', text = ''] = header.split('=')
          return [name, text === 'NULL' ? null : Buffer.from(text)]
        }),
    })
    at += 1
  }
  return records
}

const kcatLike = (name: string, program: string, first: readonly string[]): Adapter => ({
  name,
  writer: {
    codecs,
    // Empty input makes no record without -Z, and -Z makes both key and value null.
    can: ({ key, value, timestamp, headers }) =>
      timestamp === undefined &&
      !(value !== null && value.length === 0 && key === null) &&
      !(value === null && key?.length === 0) &&
      !(value === null && key === null) &&
      headers.every(([, data]) => data === null || data.length > 0),
    partitions: 3,
    valueBytesMax: 900_000,
    async produce(target, topic, records, codec) {
      const runs: { args: string[]; records: NewRecord[] }[] = []
      for (const record of records) {
        const args = runOf(record)
        const last = runs.at(-1)
        if (last?.args.join('\0') === args.join('\0')) last.records.push(record)
        else runs.push({ args, records: [record] })
      }
      for (const { args, records: some } of runs) {
        const input = some.flatMap(({ key, value }) => [
          ...(key === null ? [] : [key, Buffer.from(keyEnd)]),
          value ?? Buffer.alloc(0),
          Buffer.from(recordEnd),
        ])
        const compression = codec === 'none' ? [] : ['-z', codec]
        const where = ['-P', '-b', target.bootstrap, '-t', topic, '-D', recordEnd]
        await run(program, [...first, ...where, ...compression, ...args], {
          input: Buffer.concat(input),
        })
      }
    },
  },
  reader: {
    codecs,
    rendering: 'bytes',
    inGroups: false,
    consume: topicByTopic(async (target, topic, ends) => {
      const found: ReadRecord[] = []
      for (const [partition, end] of ends) {
        if (end === 0) continue
        const where = ['-C', '-q', '-b', target.bootstrap, '-t', topic, '-p', `${partition}`]
        const upTo = ['-o', 'beginning', '-c', `${end}`]
        const { stdout } = await run(program, [
          ...first,
          ...where,
          ...upTo,
          '-f',
          '%p %o %T %K %S %h\\n%k%s\\n',
        ])
        found.push(...parse(stdout))
      }
      return found
    }),
  },
})

export const kcat = kcatLike('kcat', 'kcat', [])
/** Ottla's command line, called as kcat. */
export const ottlaKcat = kcatLike('ottla-kcat', process.execPath, [
  join(repository, 'dist', 'ottla.js'),
  'kcat',
])
