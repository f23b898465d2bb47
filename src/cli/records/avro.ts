/**
 * Avro in the frame of Confluent's serializers: a zero byte, the id of the schema in the registry as
 * four bytes, the data. Printed in Avro's own JSON encoding, as kcat prints it.
 *
 * Printing is synchronous and schemas come over HTTP: `prepare` looks ahead and fetches what is new.
 */
import type { Type } from 'avsc'
import { type Fetched, FetchedRecords } from '../../client/fetched-records.ts'
import { Failure } from '../failure.ts'
import { Unprintable } from './unpack.ts'

const frameBytes = 5
const registryMs = 10_000
/** Longs beyond what a number holds, marked until they are text. */
const mark = '\uE000'
const marked = new RegExp(`"${mark}(-?\\d+)${mark}"`, 'g')

interface Registered {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly { name: string; subject: string; version: number }[]
}

export class AvroDecoder {
  readonly #registry: URL
  readonly #headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json' }
  readonly #types = new Map<number, Type | Error>()

  /** `url` may carry a user and a password. */
  constructor(url: string) {
    try {
      this.#registry = new URL(url.endsWith('/') ? url : `${url}/`)
    } catch {
      throw new Failure(`-r: "${url}" is not the URL of a schema registry`)
    }
    const { username, password } = this.#registry
    if (username === '') return
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    this.#headers['authorization'] = `Basic ${Buffer.from(login).toString('base64')}`
    this.#registry.username = ''
    this.#registry.password = ''
  }

  /** Fetches the schemas of all keys (`which` has 'key') and values that are not known yet. */
  async prepare(fetched: Fetched, which: readonly ('key' | 'value')[]): Promise<void> {
    const records = new FetchedRecords(fetched, false)
    const missing = new Set<number>()
    while (records.next())
      for (const what of which) {
        const bytes = what === 'key' ? records.record.key() : records.record.value()
        const id = bytes === null ? undefined : schemaId(bytes)
        if (id !== undefined && !this.#types.has(id)) missing.add(id)
      }
    for (const id of missing) this.#types.set(id, await this.#load(id))
  }

  /** Throws Unprintable when it is not Avro, or its schema could not be had. */
  json(what: string, bytes: Buffer): { json: string; schemaId: number } {
    const id = schemaId(bytes)
    if (id === undefined)
      throw new Unprintable(
        `${what} is not framed for a schema registry: it begins with 0x${bytes.subarray(0, frameBytes).toString('hex')}`,
      )
    const type = this.#types.get(id) ?? new Error('it was not loaded')
    if (type instanceof Error) throw new Unprintable(`${what} has schema ${id}: ${type.message}`)
    try {
      const value = type.fromBuffer(bytes.subarray(frameBytes))
      return { json: type.toString(value).replaceAll(marked, '$1'), schemaId: id }
    } catch (error) {
      throw new Unprintable(`${what} does not fit its schema ${id}: ${(error as Error).message}`)
    }
  }

  async #load(id: number): Promise<Type | Error> {
    try {
      const { default: avsc } = await import('avsc')
      const long = avsc.types.LongType.__with({
        fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
        toBuffer: (value: bigint) => {
          const bytes = Buffer.alloc(8)
          bytes.writeBigInt64LE(value)
          return bytes
        },
        fromJSON: BigInt,
        toJSON: (value: bigint) =>
          Number.isSafeInteger(Number(value)) ? Number(value) : `${mark}${value}${mark}`,
        isValid: (value: unknown) => typeof value === 'bigint',
        compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
      })
      const types: Record<string, Type> = { long }
      const found = await this.#get(`schemas/ids/${id}`)
      const kind = found.schemaType ?? 'AVRO'
      if (kind !== 'AVRO') throw new Error(`it is ${kind}, not Avro`)
      await this.#references(found, async ({ schema }) => {
        avsc.Type.forSchema(JSON.parse(schema), { registry: types })
      })
      return avsc.Type.forSchema(JSON.parse(found.schema), { registry: types })
    } catch (error) {
      return error as Error
    }
  }

  /** What a schema names, and what that names, first. */
  async #references(of: Registered, use: (one: Registered) => Promise<void>): Promise<void> {
    for (const { subject, version } of of.references ?? []) {
      const one = await this.#get(`subjects/${encodeURIComponent(subject)}/versions/${version}`)
      await this.#references(one, use)
      await use(one)
    }
  }

  async #get(path: string): Promise<Registered> {
    const url = new URL(path, this.#registry)
    const signal = AbortSignal.timeout(registryMs)
    const answer = await fetch(url, { headers: this.#headers, signal }).catch((error: Error) => {
      const cause = (error.cause as Error | undefined)?.message
      throw new Error(`${url} cannot be reached: ${cause || error.message}`)
    })
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as Registered
  }
}

function schemaId(bytes: Buffer): number | undefined {
  return bytes.length >= frameBytes && bytes[0] === 0 ? bytes.readInt32BE(1) : undefined
}
