/**
 * Prints records: by a format in kcat's language, or as JSON, one object a line.
 *
 * A format is compiled once to a list of steps that copy bytes straight from the fetched batch to
 * the output. Tokens beyond kcat's (which refuses them) are ours:
 * `%v` as `%s`; `%F` the timestamp in ISO 8601; `%x{s}` `%x{k}` hexadecimal, `%b{s}` `%b{k}` base64,
 * `%j{s}` `%j{k}` a JSON string; `%H{name}` the value of one header; `%B` the broker's id.
 */
import type { Fetched, FetchedRecords } from '../../client/fetched-records.ts'
import { Failure } from '../failure.ts'
import type { Output } from '../output.ts'
import type { AvroDecoder } from './avro.ts'
import { unescapeFormat } from './escapes.ts'
import { type Encoding, jsonField, jsonString, jsonValue } from './json-text.ts'
import { checkPack, unpack } from './unpack.ts'

/** Writes the current record. Throws Unprintable when it cannot be shown as asked. */
export type Printer = (out: Output, fetched: Fetched, records: FetchedRecords) => void

export interface PrintOptions {
  /** What stands for null and empty keys and values; undefined: nothing. */
  readonly nullText?: string | undefined
  readonly packKey?: string | undefined
  readonly packValue?: string | undefined
  /** For fields whose pack is `avro`. */
  readonly avro?: AvroDecoder | undefined
}

export interface JsonOptions {
  readonly encoding: Encoding
  /** `map`: an object of headers, in which the last of a name counts. */
  readonly headers: 'flat' | 'map'
  readonly delimiter: Buffer
  /** The payload is JSON itself and stands as it is where it is valid. */
  readonly embedJson?: boolean | undefined
  /** Fields that are Avro: their JSON stands as it is, with the id of its schema. */
  readonly avro?: AvroDecoder | undefined
  readonly avroKey?: boolean
  readonly avroValue?: boolean
}

/** As many as kcat has room for: a longer format is a mistake. */
const partsMax = 128

export function formatPrinter(format: string, options: PrintOptions = {}): Printer {
  const steps = compile(format, options)
  if (steps.length === 1) return steps[0]!
  return (out, fetched, records) => {
    for (const step of steps) step(out, fetched, records)
  }
}

/** A field as its pack says. */
function unpacked(what: string, pack: string, bytes: Buffer, avro?: AvroDecoder): Buffer {
  return pack === 'avro' && avro
    ? Buffer.from(avro.json(what, bytes).json)
    : unpack(what, pack, bytes)
}

function compile(format: string, options: PrintOptions): Printer[] {
  if (options.packKey !== undefined && options.packKey !== 'avro') checkPack('key', options.packKey)
  if (options.packValue !== undefined && options.packValue !== 'avro')
    checkPack('value', options.packValue)
  const steps: Printer[] = []
  const literal = (text: string) => {
    const bytes = unescapeFormat(text)
    if (text !== '') steps.push((out) => out.bytes(bytes))
  }
  const pattern = /%([xbjH]\{[^}]*\}|[\s\S]|$)/g
  let at = 0
  for (const match of format.matchAll(pattern)) {
    literal(format.slice(at, match.index))
    at = match.index + match[0].length
    const token = match[1]!
    if (token === '') throw new Failure('Empty formatter')
    if (token === '%') literal('%')
    else steps.push(stepOf(token, options))
    if (steps.length > partsMax)
      throw new Failure(`Too many formatters & strings (KC_FMT_MAX_SIZE=${partsMax})`)
  }
  literal(format.slice(at))
  return steps
}

function stepOf(token: string, options: PrintOptions): Printer {
  const step = simpleSteps[token]
  if (step) return step
  const { nullText } = options
  if (token === 's' || token === 'v') return valueStep(options)
  if (token === 'k') return keyStep(options)
  const bytesOf = (records: FetchedRecords, which: string) =>
    which === 'k' ? records.record.key() : records.record.value()
  const which = token.slice(2, -1)
  if (token.startsWith('H{'))
    return (out, _fetched, { record }) => {
      const found = record.headers().find(({ key }) => key === which)
      if (found?.value) out.bytes(found.value)
      else if (nullText !== undefined) out.text(nullText)
    }
  if (!/^[xbj]\{[sk]\}$/.test(token)) throw new Failure(`Unsupported formatter: %${token[0]}`)
  if (token[0] === 'j')
    return (out, _fetched, records) => out.text(jsonValue(bytesOf(records, which), 'text'))
  const encoding = token[0] === 'x' ? 'hex' : 'base64'
  return (out, _fetched, records) => {
    out.text(bytesOf(records, which)?.toString(encoding) ?? nullText ?? '')
  }
}

const length32 = Buffer.alloc(4)

const simpleSteps: Readonly<Record<string, Printer>> = {
  o: (out, _fetched, records) => out.text(String(records.offset)),
  t: (out, fetched) => out.text(fetched.topic),
  p: (out, fetched) => out.text(String(fetched.partition)),
  B: (out, fetched) => out.text(String(fetched.nodeId)),
  T: (out, _fetched, records) => out.text(String(records.timestampMs)),
  F: (out, _fetched, records) =>
    out.text(records.timestampMs < 0 ? '-' : new Date(records.timestampMs).toISOString()),
  S: (out, _fetched, { record }) => out.text(String(Math.max(-1, record.valueLength))),
  K: (out, _fetched, { record }) => out.text(String(Math.max(-1, record.keyLength))),
  R: (out, _fetched, { record }) => {
    length32.writeInt32BE(Math.max(-1, record.valueLength))
    out.bytes(length32)
  },
  h: (out, _fetched, { record }) => {
    record.headers().forEach(({ key, value }, i) => {
      out.text(`${i > 0 ? ',' : ''}${key}=`)
      if (value === null) out.text('NULL')
      else out.bytes(value)
    })
  },
}

function valueStep({ nullText, packValue: pack, avro }: PrintOptions): Printer {
  return (out, _fetched, { record }) => {
    const { valueStart, valueLength } = record
    if (valueLength <= 0) {
      if (nullText !== undefined) out.text(nullText)
    } else if (pack !== undefined) out.bytes(unpacked('value', pack, record.value()!, avro))
    else out.bytes(record.bytes, valueStart, valueStart + valueLength)
  }
}

function keyStep({ nullText, packKey: pack, avro }: PrintOptions): Printer {
  return (out, _fetched, { record }) => {
    const { keyStart, keyLength } = record
    if (keyLength <= 0) {
      if (nullText !== undefined) out.text(nullText)
    } else if (pack !== undefined) out.bytes(unpacked('key', pack, record.key()!, avro))
    else out.bytes(record.bytes, keyStart, keyStart + keyLength)
  }
}

/** kcat's envelope, its keys in its order. */
export function jsonPrinter(options: JsonOptions): Printer {
  const { encoding, delimiter, embedJson } = options
  return (out, { topic, partition, nodeId }, records) => {
    const { record, offset, timestampMs, timestampType } = records
    const stamp = timestampMs < 0 ? '' : `"tstype":"${timestampType}","ts":${timestampMs},`
    out.text(
      `{"topic":${jsonString(topic)},"partition":${partition},"offset":${offset},${stamp}"broker":${nodeId},`,
    )
    if (record.headerCount > 0) out.text(`"headers":${headersJson(records, options)},`)
    if (encoding !== 'text') out.text(`"encoding":"${encoding}",`)
    const value = record.value()
    const key = options.avroKey
      ? avroFields('key', 'key', record.key(), options)
      : jsonField('key', record.key(), encoding)
    const payload = options.avroValue
      ? avroFields('payload', 'value', value, options)
      : embedJson && value !== null && isJson(value)
        ? `"payload":${value.toString().trim()}`
        : jsonField('payload', value, encoding)
    out.text(`${key},${payload}}`)
    out.bytes(delimiter)
  }
}

/** What cannot be read stands as null, with the reason beside it: the line is JSON all the same. */
function avroFields(
  field: string,
  what: string,
  bytes: Buffer | null,
  { avro }: JsonOptions,
): string {
  if (bytes === null || avro === undefined) return `"${field}":null`
  try {
    const { json, schemaId } = avro.json(what, bytes)
    return `"${field}":${json},"${what}_schema_id":${schemaId}`
  } catch (error) {
    return `"${field}":null,"${field}_error":${jsonString((error as Error).message)}`
  }
}

function headersJson({ record }: FetchedRecords, { encoding, headers }: JsonOptions): string {
  const all = record.headers()
  if (headers === 'flat')
    return `[${all.map(({ key, value }) => `${jsonString(key)},${jsonValue(value, encoding)}`).join(',')}]`
  const byName = new Map(all.map(({ key, value }) => [key, value]))
  return `{${[...byName].map(([key, value]) => `${jsonString(key)}:${jsonValue(value, encoding)}`).join(',')}}`
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString())
    return !bytes.includes(0x0a)
  } catch {
    return false
  }
}

/** kcat's default: the value, in front of it the key when it has a delimiter. */
export function delimitedPrinter(
  keyDelimiter: Buffer | undefined,
  delimiter: Buffer,
  options: PrintOptions,
): Printer {
  const value = valueStep(options)
  if (keyDelimiter === undefined)
    return (out, fetched, records) => {
      value(out, fetched, records)
      out.bytes(delimiter)
    }
  const key = keyStep(options)
  return (out, fetched, records) => {
    key(out, fetched, records)
    out.bytes(keyDelimiter)
    value(out, fetched, records)
    out.bytes(delimiter)
  }
}
