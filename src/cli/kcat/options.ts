/** kcat's options, read as kcat reads them. */
import type { RecordHeader } from '../../client/batch-builder.ts'
import { Failure, usageFailure } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { unescapeDelimiter } from '../records/escapes.ts'
import { type Filter, grepFilter } from '../records/grep.ts'
import type { Encoding } from '../records/json-text.ts'
import type { StartSpec } from '../records/start.ts'
import { checkPack } from '../records/unpack.ts'
import { parseTime } from '../time.ts'
import { getopt } from './getopt.ts'
import { kcatLongOptions } from './long-options.ts'

export type Mode = 'P' | 'C' | 'G' | 'L' | 'Q' | 'M'

export interface KcatOptions {
  mode: Mode | undefined
  brokers: string | undefined
  topic: string | undefined
  group: string | undefined
  /** -Q: `topic:partition:timestamp`, each. */
  queries: { topic: string; partition: number; timestampMs: number }[]
  /** -1: any. */
  partition: number
  delimiter: Buffer
  keyDelimiter: Buffer | undefined
  fixedKey: string | undefined
  headers: RecordHeader[]
  lines: boolean
  tee: boolean
  nulls: boolean
  countMax: number
  exitAtEnd: boolean
  exitOnError: boolean
  start: StartSpec | undefined
  stopTimeMs: number | undefined
  format: string | undefined
  json: boolean
  packKey: string | undefined
  packValue: string | undefined
  unbuffered: boolean
  metadataTimeoutMs: number
  files: string[]
  properties: string[]
  list: boolean
  dump: boolean
  verbosity: number
  debug: boolean
  help: boolean
  version: boolean
  words: readonly string[]
  timeoutMs: number | undefined
  filters: Filter[]
  ratePerSecond: number | undefined
  encoding: Encoding
  headerForm: 'flat' | 'map'
  embedJson: boolean
  mockBrokers: number
  registry: string | undefined
}

const letters = 'PCG:LQM:t:p:b:z:o:eED:K:k:H:Od:qvF:X:c:Tuf:ZlVhs:r:Jm:U'
/** Our own long options: does it have a value? */
const own = new Map([
  ['timeout', true],
  ['grep', true],
  ['rate', true],
  ['partitioner', true],
  ['encoding', true],
  ['headers', true],
  ['embed-json', false],
  // Where an error comes from; what -d shows is what the client does.
  ['debug', false],
  ['help', false],
  ['version', false],
])

/** The whole usage is shown with it, as kcat does. */
export class UsageError extends Error {}

export function parseKcatOptions(args: readonly string[]): KcatOptions {
  const { options: given, words, wrong } = getopt(args, letters, kcatLongOptions, own)
  if (wrong !== undefined) throw unknownOption(wrong)
  const options: KcatOptions = { ...defaults(), words }
  const topics: string[] = []
  for (const [letter, value] of given) {
    const set = setters[letter]
    if (letter === 't') topics.push(value)
    else if (set) set(options, value)
    else if ('PCLQG'.includes(letter)) setMode(options, letter as Mode, value)
  }
  // Unlike kcat, -Q may stand behind -t.
  if (options.mode === 'Q') options.queries = topics.map(parseQuery)
  else options.topic = topics.at(-1)
  return options
}

/** A letter that is wrong has no neighbours, a long name may be meant otherwise. */
function unknownOption(wrong: string): UsageError {
  if (!wrong.startsWith('--')) return new UsageError('unknown argument')
  const [name = ''] = wrong.slice(2).split('=')
  if (kcatLongOptions.has(name) || own.has(name)) return new UsageError(`--${name} needs a value`)
  const near = nearest(name, [...kcatLongOptions.keys(), ...own.keys()])
  return new UsageError(`unknown argument --${name}${near ? `, did you mean --${near}?` : ''}`)
}

function defaults(): Omit<KcatOptions, 'words'> {
  return {
    mode: undefined,
    brokers: undefined,
    topic: undefined,
    group: undefined,
    queries: [],
    partition: -1,
    delimiter: Buffer.from('\n'),
    keyDelimiter: undefined,
    fixedKey: undefined,
    headers: [],
    lines: false,
    tee: false,
    nulls: false,
    countMax: 0,
    exitAtEnd: false,
    exitOnError: true,
    start: undefined,
    stopTimeMs: undefined,
    format: undefined,
    json: false,
    packKey: undefined,
    packValue: undefined,
    unbuffered: false,
    metadataTimeoutMs: 5_000,
    files: [],
    properties: [],
    list: false,
    dump: false,
    verbosity: 1,
    debug: false,
    help: false,
    version: false,
    timeoutMs: undefined,
    filters: [],
    ratePerSecond: undefined,
    encoding: 'text',
    headerForm: 'flat',
    embedJson: false,
    mockBrokers: 0,
    registry: undefined,
  }
}

function setMode(options: KcatOptions, mode: Mode, value: string): void {
  if (options.mode !== undefined && options.mode !== mode)
    throw new Failure(`Do not mix modes: -${mode} seen when -${options.mode} already set`)
  options.mode = mode
  if (mode === 'G') options.group = value
}

/** As atoi: what follows the number does not matter, and no number is 0. */
const toInt = (text: string): number => Number.parseInt(text, 10) || 0

const setters: Readonly<Record<string, (options: KcatOptions, value: string) => void>> = {
  p: (o, v) => (o.partition = toInt(v)),
  b: (o, v) => (o.brokers = v),
  z: (o, v) => o.properties.push(`compression.codec=${v}`),
  o: setOffset,
  e: (o) => (o.exitAtEnd = true),
  E: (o) => (o.exitOnError = false),
  f: (o, v) => (o.format = v),
  J: (o) => (o.json = true),
  s: setSerdes,
  r: (o, v) => (o.registry = v),
  M: (o, v) => {
    setMode(o, 'M', v)
    o.mockBrokers = toInt(v)
  },
  D: (o, v) => (o.delimiter = unescapeDelimiter(v)),
  K: (o, v) => (o.keyDelimiter = unescapeDelimiter(v)),
  k: (o, v) => (o.fixedKey = v),
  H: addHeader,
  l: (o) => (o.lines = true),
  O: () => {},
  c: (o, v) => (o.countMax = toInt(v)),
  m: (o, v) => (o.metadataTimeoutMs = toInt(v) * 1000),
  Z: (o) => (o.nulls = true),
  d: (o) => (o.debug = true),
  q: (o) => (o.verbosity = 0),
  v: (o) => (o.verbosity += 1),
  T: (o) => (o.tee = true),
  u: (o) => (o.unbuffered = true),
  F: (o, v) => o.files.push(v),
  X: addProperty,
  U: () => {},
  V: (o) => (o.version = true),
  version: (o) => (o.version = true),
  h: (o) => (o.help = true),
  help: (o) => (o.help = true),
  timeout: (o, v) => (o.timeoutMs = positive(v, '--timeout') * 1000),
  grep: (o, v) => o.filters.push(grepFilter(v)),
  rate: (o, v) => (o.ratePerSecond = positive(v, '--rate')),
  partitioner: (o, v) => o.properties.push(`partitioner=${v}`),
  encoding: (o, v) => (o.encoding = oneOf(v, '--encoding', ['base64', 'hex', 'text'])),
  headers: (o, v) => (o.headerForm = oneOf(v, '--headers', ['flat', 'map'])),
  'embed-json': (o) => (o.embedJson = true),
  debug: () => {},
}

function setOffset(options: KcatOptions, text: string): void {
  if (text.startsWith('e@')) options.stopTimeMs = parseTime(text.slice(2))
  else if (text.startsWith('s@')) options.start = { kind: 'time', timeMs: parseTime(text.slice(2)) }
  else if (text === 'end') options.start = { kind: 'end' }
  else if (text === 'beginning') options.start = { kind: 'beginning' }
  else if (text === 'stored') options.start = { kind: 'stored' }
  else {
    const value = toInt(text)
    options.start = value < 0 ? { kind: 'tail', count: -value } : { kind: 'offset', offset: value }
  }
}

function setSerdes(options: KcatOptions, text: string): void {
  const [, field, format = ''] = /^(?:(key|value)=)?(.*)$/s.exec(text)!
  if (field !== 'value') {
    if (format !== 'avro') checkPack('key', format)
    options.packKey = format
  }
  if (field !== 'key') {
    if (format !== 'avro') checkPack('value', format)
    options.packValue = format
  }
}

function addHeader(options: KcatOptions, text: string): void {
  const at = text.indexOf('=')
  if (at === 0 || text === '') throw new Failure('Expected -H "name=value.." or -H "name"')
  options.headers.push(
    at < 0
      ? { key: text, value: null }
      : { key: text.slice(0, at), value: Buffer.from(text.slice(at + 1)) },
  )
}

function addProperty(options: KcatOptions, text: string): void {
  if (text === 'list' || text === 'help') options.list = true
  else if (text === 'dump') options.dump = true
  else options.properties.push(text)
}

function parseQuery(text: string): { topic: string; partition: number; timestampMs: number } {
  const match = /^([^:]+):(-?\d+)[^:]*:(.+)$/.exec(text)
  if (match === null) throw new Failure('-t: expected "topic:partition:offset_or_timestamp"')
  const [, topic = '', partition, time = ''] = match
  const timestampMs = /^-\d+$/.test(time) ? Number(time) : parseTime(time)
  return { topic, partition: Number(partition), timestampMs }
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!(value > 0)) throw usageFailure(`${option}: "${text}" is not a number above 0`)
  return value
}

function oneOf<T extends string>(text: string, option: string, values: readonly T[]): T {
  const found = values.find((value) => value === text)
  if (found === undefined)
    throw usageFailure(`${option}: expected ${values.join(', ')}, not ${text}`)
  return found
}
