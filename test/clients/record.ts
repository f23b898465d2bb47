/** Records as every client's adapter takes and gives them, and how two lists of them are compared. */
import type { Reader } from './adapter.ts'

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
export const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export interface NewRecord {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
  /** Left out: the client takes its own clock. */
  readonly timestamp?: number
}

/** A record as it was read. */
export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
  readonly timestamp: number
  /** Left out by clients that do not tell. */
  readonly timestampType?: 'create' | 'append'
}

/** A record as a topic must hold it. */
export interface Expected extends NewRecord {
  readonly offset: number
  readonly timestampType: 'create' | 'append'
  /** When `timestamp` is left out, the time stamp lies in here. */
  readonly writtenFrom: number
  readonly writtenTo: number
}

/** How a client that gives text renders bytes. */
export type Rendering = 'bytes' | 'text'

const show = (data: Buffer | null, rendering: Rendering) => {
  if (data === null) return null
  const text = rendering === 'text' ? data.toString('utf8') : data.toString('hex')
  return text.length > 120 ? `${text.slice(0, 100)}…(${text.length})${hash(text)}` : text
}

function hash(text: string): number {
  let h = 0
  for (let i = 0; i < text.length; i += 1) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0
  return h
}

type Flat = Record<string, unknown>

function flat(
  record: Expected | ReadRecord,
  rendering: Rendering,
  lastHeaderOnly: boolean | undefined,
): Flat {
  const headers = lastHeaderOnly ? [...new Map(record.headers)] : record.headers
  return {
    at: `${record.partition}/${record.offset}`,
    key: show(record.key, rendering),
    value: show(record.value, rendering),
    headers: headers.map(([name, value]) => [name, show(value, rendering)]),
  }
}

const byPlace = (a: ReadRecord | Expected, b: ReadRecord | Expected) =>
  a.partition - b.partition || a.offset - b.offset

/**
 * Both lists in one form, for one whole comparison: what is read must be what was written, with
 * key, value, headers, partition, offset and time stamp. A time stamp that the writer's client (or
 * the broker) chose counts as right when it lies in the time of writing.
 */
export function compared(
  expected: readonly Expected[],
  read: readonly ReadRecord[],
  { rendering, blind = {} }: Pick<Reader, 'rendering' | 'blind'>,
): { expected: Flat[]; read: Flat[] } {
  const wanted = new Map(expected.map((record) => [`${record.partition}/${record.offset}`, record]))
  const appendTimeUnknown = (record: Expected | undefined) =>
    record?.timestampType === 'append' && blind.appendTime === true
  const time = (record: ReadRecord) => {
    const want = wanted.get(`${record.partition}/${record.offset}`)
    if (appendTimeUnknown(want)) return 'unknown'
    if (want === undefined || want.timestamp !== undefined) return record.timestamp
    const within = record.timestamp >= want.writtenFrom && record.timestamp <= want.writtenTo
    return within ? 'when written' : record.timestamp
  }
  const types = read.some((record) => record.timestampType !== undefined)
  return {
    expected: [...expected].sort(byPlace).map((record) => ({
      ...flat(record, rendering, blind.repeatedHeaders),
      timestamp: appendTimeUnknown(record) ? 'unknown' : (record.timestamp ?? 'when written'),
      ...(types ? { timestampType: record.timestampType } : {}),
    })),
    read: [...read].sort(byPlace).map((record) => ({
      ...flat(record, rendering, blind.repeatedHeaders),
      timestamp: time(record),
      ...(types ? { timestampType: record.timestampType } : {}),
    })),
  }
}

const bytes = (text: string) => Buffer.from(text)
const binary = Buffer.from(
  Array.from({ length: 256 }, (_, i) => i).filter((i) => ![0, 1, 9, 10, 13, 30, 31].includes(i)),
)

/** Records of every kind, on three partitions. `tag` makes the values of one run its own. */
export function sampleRecords(tag: string): NewRecord[] {
  const value = (text: string) => bytes(`${tag} ${text}`)
  const at = 1_700_000_000_000
  const kinds: Omit<NewRecord, 'partition'>[] = [
    { key: bytes('k1'), value: value('plain'), headers: [] },
    { key: null, value: value('no key'), headers: [] },
    { key: bytes(''), value: value('empty key'), headers: [] },
    { key: bytes('gone'), value: null, headers: [] },
    { key: bytes('k2'), value: bytes(''), headers: [] },
    { key: null, value: null, headers: [] },
    { key: null, value: bytes(''), headers: [] },
    { key: bytes('ключ-鍵-🔑'), value: value('значение 値 🎁 é'), headers: [] },
    { key: bytes('h1'), value: value('a header'), headers: [['name', bytes('text')]] },
    { key: bytes('h2'), value: value('empty header'), headers: [['nothing', bytes('')]] },
    { key: bytes('h3'), value: value('null header'), headers: [['null', null]] },
    {
      key: bytes('h4'),
      value: value('a name twice'),
      headers: [
        ['twice', bytes('1')],
        ['twice', bytes('2')],
        ['once', bytes('漢字')],
      ],
    },
    { key: bytes('t1'), value: value('an old time stamp'), headers: [], timestamp: at },
    { key: bytes('t2'), value: value('an older one after it'), headers: [], timestamp: at - 5000 },
    { key: bytes('t3'), value: value('a later one'), headers: [], timestamp: at + 123_456_789 },
    { key: binary, value: Buffer.concat([bytes(tag), binary]), headers: [] },
    { key: bytes('long'), value: value('compressible '.repeat(2000)), headers: [] },
  ]
  return kinds.flatMap((kind, i) => [
    { ...kind, partition: i % 3 },
    { ...kind, partition: (i + 1) % 3 },
  ])
}
