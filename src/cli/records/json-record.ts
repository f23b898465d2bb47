/** The other way around of `-J`: a line that `-C -J` wrote becomes a record again. */
import type { RecordHeader } from '../../client/batch-builder.ts'
import { Failure } from '../failure.ts'

export interface JsonRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
  readonly partition: number | undefined
  readonly timestampMs: number | undefined
}

/** `line` is for the message when it is not such a record. */
export function parseJsonRecord(text: string, line: number): JsonRecord {
  let parsed: any
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new Failure(`Record ${line} is not JSON: ${(error as Error).message}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Failure(`Record ${line} is not a JSON object`)
  const encoding: BufferEncoding =
    parsed.encoding === 'base64' || parsed.encoding === 'hex' ? parsed.encoding : 'utf8'
  const field = (name: string): Buffer | null => {
    const exact = parsed[`${name}_base64`]
    if (typeof exact === 'string') return Buffer.from(exact, 'base64')
    return bytesOf(parsed[name], encoding)
  }
  return {
    key: field('key'),
    value: 'payload' in parsed ? field('payload') : field('value'),
    headers: headersOf(parsed.headers, encoding),
    partition: numberOf(parsed.partition),
    timestampMs: numberOf(parsed.ts ?? parsed.timestamp),
  }
}

const numberOf = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : undefined)

/** Payloads that are JSON themselves (--embed-json) go out as their text. */
function bytesOf(value: unknown, encoding: BufferEncoding): Buffer | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string'
    ? Buffer.from(value, encoding)
    : Buffer.from(JSON.stringify(value))
}

function headersOf(headers: unknown, encoding: BufferEncoding): RecordHeader[] {
  if (Array.isArray(headers))
    return headers.flatMap((key, i) =>
      i % 2 === 0 ? [{ key: String(key), value: bytesOf(headers[i + 1], encoding) }] : [],
    )
  if (typeof headers !== 'object' || headers === null) return []
  return Object.entries(headers).map(([key, value]) => ({ key, value: bytesOf(value, encoding) }))
}
