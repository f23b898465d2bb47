/** Reads recorded bytes, and brings their JSON into the form that our decoders yield. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { apis } from '../../protocol/apis.ts'
import type { Field, Fields, Message } from '../../protocol/schema.ts'

export function readVectors<T>(path: string): T[] {
  const text = gunzipSync(readFileSync(join(import.meta.dirname, path))).toString()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Every message of protocol/, by Kafka's name of it. */
export async function allMessages(): Promise<Map<string, Message<Fields>>> {
  const stored = join(import.meta.dirname, '../../protocol/stored')
  const modules = await Promise.all(readdirSync(stored).map((file) => import(join(stored, file))))
  const messages: Message<Fields>[] = [
    ...apis.flatMap(({ messages }) => [messages.request, messages.response]),
    ...modules.flatMap((module) => Object.values<any>(module)),
  ]
  return new Map(messages.map((message) => [message.name, message]))
}

/** What a decoder must yield for Kafka's JSON: bytes as a Buffer, left out fields at their default. */
export function fromJson(fields: Fields, json: Record<string, unknown>): unknown {
  const unknown = Object.keys(json).filter((name) => !(name in fields))
  if (unknown.length > 0) throw new Error(`Our schema has no ${unknown.join(', ')}`)
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      name in json ? valueFromJson(field, json[name]) : field.absent,
    ]),
  )
}

function valueFromJson({ type }: Field<any>, json: any): unknown {
  if (json === null) return null
  if (type.name === 'bigint64') return BigInt(json)
  if (type.name === 'bytes') return Buffer.from(json, 'base64')
  if (type.name === 'array') return json.map((item: unknown) => valueFromJson(type.element!, item))
  return type.name === 'struct' ? fromJson(type.fields!, json) : json
}
