import { type Adapter, topicByTopic } from '../adapter.ts'
import { codecs, type NewRecord, type ReadRecord } from '../record.ts'
import { kafkaTool } from '../tools.ts'

const nothing = '<null>'
const text = (data: Buffer | null) => (data === null ? nothing : data.toString())
const hasBytes = (data: Buffer | null) =>
  data !== null && !data.equals(Buffer.from(data.toString()))

/** The lines that `console-producer` reads: headers, key and value, tabs between them. */
function line({ headers, key, value }: NewRecord): string {
  const shown = headers.map(([name, data]) => `${name}:${text(data)}`).join(',')
  return `${shown === '' ? nothing : shown}\t${text(key)}\t${text(value)}\n`
}

function parse(line: string): ReadRecord {
  const [time = '', partition = '', offset = '', headers = '', key = '', ...value] =
    line.split('\t')
  const data = (field: string) => (field === nothing ? null : Buffer.from(field))
  const after = (field: string) => Number(field.slice(field.indexOf(':') + 1))
  return {
    partition: after(partition),
    offset: after(offset),
    timestamp: after(time),
    timestampType: time.startsWith('LogAppendTime:') ? 'append' : 'create',
    key: data(key),
    value: data(value.join('\t')),
    headers: headers
      .split(',')
      .filter((header) => header !== 'NO_HEADERS')
      .map((header) => {
        const colon = header.indexOf(':')
        return [header.slice(0, colon), data(header.slice(colon + 1))]
      }),
  }
}

/** Kafka's `console-producer` and `console-consumer`: text only, no choice of the partition. */
export const javaConsole: Adapter = {
  name: 'java-console',
  writer: {
    codecs,
    can: ({ key, value, timestamp, headers }) =>
      timestamp === undefined &&
      !hasBytes(key) &&
      !hasBytes(value) &&
      headers.every(([, data]) => data !== null),
    partitions: 1,
    valueBytesMax: 1_048_300,
    async produce(target, topic, records, codec) {
      const properties = [
        ...['parse.key=true', 'parse.headers=true', `null.marker=${nothing}`],
        ...['headers.delimiter=\t', 'key.separator=\t'],
      ]
      const { stderr } = await kafkaTool(
        [
          ...['console-producer', '--bootstrap-server', target.bootstrap, '--topic', topic],
          ...(codec === 'none' ? [] : ['--compression-codec', codec]),
          ...properties.flatMap((property) => ['--reader-property', property]),
        ],
        { input: records.map(line).join('') },
      )
      if (/ERROR|Exception/.test(stderr)) throw new Error(stderr)
    },
  },
  reader: {
    codecs,
    rendering: 'text',
    inGroups: false,
    onePartition: true,
    consume: topicByTopic(async (target, topic, ends) => {
      const shown = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value']
      const properties = [...shown.map((what) => `print.${what}=true`), `null.literal=${nothing}`]
      const found: ReadRecord[] = []
      for (const [partition, end] of ends) {
        if (end === 0) continue
        const { stdout } = await kafkaTool([
          ...['console-consumer', '--bootstrap-server', target.bootstrap, '--topic', topic],
          ...['--partition', `${partition}`, '--offset', 'earliest', '--timeout-ms', '20000'],
          ...['--max-messages', `${end}`],
          ...properties.flatMap((property) => ['--formatter-property', property]),
        ])
        found.push(...stdout.toString().split('\n').filter(Boolean).map(parse))
      }
      return found
    }),
  },
}
