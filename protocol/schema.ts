/**
 * The schema language: Kafka messages as plain objects whose keys are in wire order.
 *
 * A field says its type and, by `since`, `until`, `nullable`, `default` and `tag`, which versions
 * carry it. The codec of a version is compiled when it is first asked for, so nothing about
 * versions is decided while a message is read or written, and a process pays only for what it uses.
 *
 * A reader yields every field, in the order of the schema; one that the version does not carry has
 * its default. What it yields for absent arrays and structs is shared, and frozen.
 */
import {
  arrayWire,
  type Codec,
  type Primitive,
  primitiveWire,
  structWire,
  type Wire,
} from './codec.ts'
import type { Chunk } from './slab.ts'

type ScalarName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'bigint64'
  | 'float64'
  | 'uuid'

/** What a field holds, apart from the rules about versions. */
export interface Type {
  readonly name: 'array' | 'struct' | 'string' | 'bytes' | ScalarName
  /** Of an array. */
  readonly element?: Field<any>
  /** Of a struct. */
  readonly fields?: Fields
  /** The value of a field without a default of its own. */
  readonly empty: unknown
  /** Whether a value, never null, equals `empty`. */
  isEmpty(value: any): boolean
  compile(version: number, flexible: boolean, nullable: boolean, tagged?: boolean): Wire
}

/** Stands for the default of the type: making it is put off, as most are never needed. */
const ofType = Symbol('the default of the type')

/** A field of a message. `Out` is what a reader returns, `In` what a writer accepts. */
export class Field<Out, In = Out> {
  declare readonly in: In
  readonly type: Type
  readonly #default: Out | typeof ofType
  readonly firstVersion: number
  readonly lastVersion: number
  readonly nullableFrom: number
  /** -1: carried in line, not as a tagged field. */
  readonly tagNumber: number

  constructor(
    type: Type,
    absent: Out | typeof ofType = ofType,
    firstVersion = 0,
    lastVersion = Infinity,
    nullableFrom = Infinity,
    tagNumber = -1,
  ) {
    this.type = type
    this.#default = absent
    this.firstVersion = firstVersion
    this.lastVersion = lastVersion
    this.nullableFrom = nullableFrom
    this.tagNumber = tagNumber
  }

  /** The value where a version does not carry the field, and where a writer is given none. */
  get absent(): Out {
    return this.#default === ofType ? (this.type.empty as Out) : this.#default
  }

  /** The first version that carries the field. */
  since(version: number): Field<Out, In | undefined> {
    const { type, lastVersion, nullableFrom, tagNumber } = this
    return new Field(type, this.#default, version, lastVersion, nullableFrom, tagNumber)
  }

  /** The last version that carries the field. */
  until(version: number): Field<Out, In | undefined> {
    const { type, firstVersion, nullableFrom, tagNumber } = this
    return new Field(type, this.#default, firstVersion, version, nullableFrom, tagNumber)
  }

  /** Carried behind the other fields, and only when it is not the default (KIP-482). */
  tag(tag: number): Field<Out, In | undefined> {
    const { type, firstVersion, lastVersion, nullableFrom } = this
    return new Field(type, this.#default, firstVersion, lastVersion, nullableFrom, tag)
  }

  default(value: Out): Field<Out, In | undefined> {
    const { type, firstVersion, lastVersion, nullableFrom, tagNumber } = this
    return new Field(type, value, firstVersion, lastVersion, nullableFrom, tagNumber)
  }

  /** May be null from version `since` on. Its default stays that of the type. */
  nullable(since = 0): Field<Out | null, In | null> {
    const { type, firstVersion, lastVersion, tagNumber } = this
    return new Field<Out | null, In | null>(
      type,
      this.#default,
      firstVersion,
      lastVersion,
      since,
      tagNumber,
    )
  }

  /** Whether a tagged field with this value is left out. */
  isAbsent(value: unknown): boolean {
    const { absent, type } = this
    if (value === undefined || value === absent) return true
    return value !== null && absent !== null && type.isEmpty(value) && type.isEmpty(absent)
  }
}

export type Fields = { readonly [name: string]: Field<any, any> }
type Needed<F extends Fields> = {
  [K in keyof F]: undefined extends F[K]['in'] ? never : K
}[keyof F]

/** What a reader returns: every field, the absent ones at their default. */
export type Decoded<F extends Fields> = { -readonly [K in keyof F]: F[K]['absent'] }
/** What a writer accepts: fields that have a default may be left out. */
export type Encodable<F extends Fields> = { readonly [K in Needed<F>]: F[K]['in'] } & {
  readonly [K in Exclude<keyof F, Needed<F>>]?: F[K]['in']
}

function scalar<T>(name: ScalarName, absent: T, bytesMin: number): Field<T> {
  const wire = primitiveWire(name, bytesMin)
  return new Field<T>({ name, empty: absent, isEmpty: () => false, compile: () => wire })
}

export const bool = scalar('bool', false, 1)
export const int8 = scalar('int8', 0, 1)
export const int16 = scalar('int16', 0, 2)
export const uint16 = scalar('uint16', 0, 2)
export const int32 = scalar('int32', 0, 4)
export const uint32 = scalar('uint32', 0, 4)
/** A number: beyond 2^53 the nearest one is read, and the int64 range is kept to when written. */
export const int64 = scalar('int64', 0, 8)
/** All 64 bits, exactly: for hashes, which are no quantities. */
export const bigint64 = scalar('bigint64', 0n, 8)
/** Java's Long.MAX_VALUE, as it is read and written. */
export const int64Max = 2 ** 63
export const float64 = scalar('float64', 0, 8)
/** 16 bytes as 22 characters of base64url, as Kafka prints them. */
export const uuid = scalar('uuid', 'A'.repeat(22), 16)

/** Types that carry a length: flexible versions write it in another way (KIP-482). */
function sized<T extends { length: number }>(
  name: 'string' | 'bytes',
  empty: T,
  lengthBytes: number,
  methods: { readonly plain: readonly Primitive[]; readonly compact: readonly Primitive[] },
): Field<T> {
  const plain = methods.plain.map((method) => primitiveWire(method, lengthBytes))
  const compact = methods.compact.map((method) => primitiveWire(method, 1))
  const type: Type = {
    name,
    empty,
    compile: (_version, flexible, nullable) => (flexible ? compact : plain)[nullable ? 1 : 0]!,
    isEmpty: (value: T) => value.length === 0,
  }
  return new Field<T>(type)
}

export const string = sized<string>('string', '', 2, {
  plain: ['string', 'nullableString'],
  compact: ['compactString', 'compactNullableString'],
})
/** A view into the frame when read; large ones are sent without a copy. */
export const bytes = sized<Buffer>('bytes', Buffer.alloc(0), 4, {
  plain: ['blob', 'nullableBlob'],
  compact: ['compactBlob', 'compactNullableBlob'],
})
/** Record batches, as they are, wherever they are. */
export const records = bytes as Field<Buffer, Chunk>

const noElements = Object.freeze([])

export function array<Out, In>(of: Field<Out, In>): Field<Out[], readonly In[]>
export function array<F extends Fields>(of: F): Field<Decoded<F>[], readonly Encodable<F>[]>
export function array(of: Field<any, any> | Fields): Field<any, any> {
  const element = of instanceof Field ? of : struct(of)
  return new Field<any>({
    name: 'array',
    element,
    empty: noElements,
    isEmpty: (value: unknown[]) => value.length === 0,
    compile: (version, flexible, nullable) =>
      arrayWire(element.type.compile(version, flexible, false), flexible, nullable),
  })
}

export function struct<F extends Fields>(fields: F): Field<Decoded<F>, Encodable<F>> {
  return new Field<Decoded<F>, Encodable<F>>(new Struct(fields))
}

class Struct implements Type {
  readonly name = 'struct'
  readonly fields: Fields
  #empty: object | undefined

  constructor(fields: Fields) {
    this.fields = fields
  }

  get empty(): object {
    this.#empty ??= Object.freeze(
      Object.fromEntries(Object.entries(this.fields).map(([name, { absent }]) => [name, absent])),
    )
    return this.#empty
  }

  isEmpty(value: any): boolean {
    return Object.entries(this.fields).every(([name, field]) => field.isAbsent(value[name]))
  }

  compile(version: number, flexible: boolean, nullable: boolean, tagged = false): Wire {
    const slots = Object.entries(this.fields).map(([name, field]) => {
      const { type, firstVersion, lastVersion, nullableFrom } = field
      const tag = field.tagNumber < 0 ? undefined : field.tagNumber
      const wire =
        version >= firstVersion && version <= lastVersion
          ? type.compile(version, flexible, version >= nullableFrom, tag !== undefined)
          : undefined
      return { name, field, tag, wire }
    })
    // A struct that may be null begins with 1, or with this.
    return structWire(slots, flexible, nullable ? (tagged ? 0 : -1) : undefined)
  }
}

/** One message in all its versions. */
export interface Message<F extends Fields> {
  readonly name: string
  readonly versions: readonly [min: number, max: number]
  /** The record type that keys of this message start with, in the logs of the broker's own topics. */
  readonly type: number | undefined
  readonly flexible: number
  readonly fields: F
  codec(version: number): Codec<Decoded<F>, Encodable<F>>
}

export type DecodedOf<M> = M extends Message<infer F> ? Decoded<F> : never
export type EncodableOf<M> = M extends Message<infer F> ? Encodable<F> : never

/** @throws RangeError from `codec` for a version outside `versions`. */
export function message<F extends Fields>(
  name: string,
  spec: {
    readonly versions: readonly [min: number, max: number]
    readonly type?: number
    /** The first version with compact lengths and tagged fields (KIP-482); none when left out. */
    readonly flexible?: number
    readonly fields: F
  },
): Message<F> {
  const { fields, flexible = Infinity, type, versions } = spec
  const [min, max] = versions
  const codecs: Codec<any>[] = []
  let whole: Field<any> | undefined
  const compile = (version: number) => {
    if (!(version >= min && version <= max))
      throw new RangeError(`${name} has versions ${min} to ${max}, not ${version}`)
    whole ??= struct(fields)
    return whole.type.compile(version, version >= flexible, false)
  }
  const codec = (version: number) => (codecs[version] ??= compile(version))
  return { name, versions, type, flexible, fields, codec }
}

/** A request and its response. */
export interface Api<Request extends Fields, Response extends Fields> {
  readonly key: number
  readonly name: string
  readonly versions: readonly [min: number, max: number]
  /** The first version with compact lengths and tagged fields (KIP-482); Infinity for none. */
  readonly flexible: number
  /** Versions from here on may still change: they are not advertised. Infinity for none. */
  readonly unstableSince: number
  readonly messages: { readonly request: Message<Request>; readonly response: Message<Response> }
  request(version: number): Codec<Decoded<Request>, Encodable<Request>>
  response(version: number): Codec<Decoded<Response>, Encodable<Response>>
}

/** A request as it is received. */
export type RequestOf<A> = A extends Api<infer F, any> ? Decoded<F> : never
/** A response as it is to be sent. */
export type ResponseOf<A> = A extends Api<any, infer F> ? Encodable<F> : never
/** A request as it is to be sent. */
export type OutgoingRequestOf<A> = A extends Api<infer F, any> ? Encodable<F> : never
/** A response as it is received. */
export type IncomingResponseOf<A> = A extends Api<any, infer F> ? Decoded<F> : never

export function api<Request extends Fields, Response extends Fields>(
  key: number,
  name: string,
  spec: {
    readonly versions: readonly [min: number, max: number]
    readonly flexible?: number
    readonly unstableSince?: number
    readonly request: Request
    readonly response: Response
  },
): Api<Request, Response> {
  const { versions, flexible = Infinity, unstableSince = Infinity } = spec
  const request = message(`${name}Request`, { versions, flexible, fields: spec.request })
  const response = message(`${name}Response`, { versions, flexible, fields: spec.response })
  return {
    key,
    name,
    versions,
    flexible,
    unstableSince,
    messages: { request, response },
    request: request.codec,
    response: response.codec,
  }
}
