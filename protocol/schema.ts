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
import type { Reader, Writer } from './bytes.ts'
import { ProtocolError } from './bytes.ts'
import { type Codec, structCodec, type Wire } from './codec.ts'

type ScalarName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'

interface Rules {
  readonly since: number
  readonly until: number
  readonly nullableSince: number
  readonly tag: number | undefined
}

const always: Rules = { since: 0, until: Infinity, nullableSince: Infinity, tag: undefined }

/** What a field holds, apart from the rules about versions. */
export interface Type {
  readonly name: 'array' | 'struct' | 'string' | 'bytes' | ScalarName
  /** Of an array. */
  readonly element?: Field<any>
  /** Of a struct. */
  readonly fields?: Fields
  compile(version: number, flexible: boolean, nullable: boolean, tagged?: boolean): Wire<any>
  /** Whether a value, never null, equals the type's own default. */
  isEmpty(value: any): boolean
}

/** A field of a message. `Out` is what a reader returns, `In` what a writer accepts. */
export class Field<Out, In = Out> {
  declare readonly in: In
  readonly type: Type
  /** The value where a version does not carry the field, and where a writer is given none. */
  readonly absent: Out
  readonly rules: Rules

  constructor(type: Type, absent: Out, rules: Rules = always) {
    this.type = type
    this.absent = absent
    this.rules = rules
  }

  /** The first version that carries the field. */
  since(version: number): Field<Out, In | undefined> {
    return new Field(this.type, this.absent, { ...this.rules, since: version })
  }

  /** The last version that carries the field. */
  until(version: number): Field<Out, In | undefined> {
    return new Field(this.type, this.absent, { ...this.rules, until: version })
  }

  /** Carried behind the other fields, and only when it is not the default (KIP-482). */
  tag(tag: number): Field<Out, In | undefined> {
    return new Field(this.type, this.absent, { ...this.rules, tag })
  }

  default(value: Out): Field<Out, In | undefined> {
    return new Field(this.type, value, this.rules)
  }

  /** May be null from version `since` on. Its default stays that of the type. */
  nullable(since = 0): Field<Out | null, In | null> {
    return new Field<Out | null, In | null>(this.type, this.absent, {
      ...this.rules,
      nullableSince: since,
    })
  }

  /** Whether a tagged field with this value is left out. */
  isAbsent(value: unknown): boolean {
    if (value === undefined || value === this.absent) return true
    return value !== null && this.absent !== null && this.type.isEmpty(value)
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

function scalar<T>(name: ScalarName, absent: T, bytesMin: number, codec: Codec<T>): Field<T> {
  const wire = { ...codec, bytesMin }
  return new Field<T>({ name, compile: () => wire, isEmpty: () => false }, absent)
}

export const int8 = scalar('int8', 0, 1, { read: (r) => r.int8(), write: (w, v) => w.int8(v) })
export const int16 = scalar('int16', 0, 2, { read: (r) => r.int16(), write: (w, v) => w.int16(v) })
export const int32 = scalar('int32', 0, 4, { read: (r) => r.int32(), write: (w, v) => w.int32(v) })
export const uint16 = scalar('uint16', 0, 2, {
  read: (r) => r.int16() & 0xffff,
  write: (w, v) => w.int16(v),
})
export const uint32 = scalar('uint32', 0, 4, {
  read: (r) => r.int32() >>> 0,
  write: (w, v) => w.int32(v),
})
export const float64 = scalar('float64', 0, 8, {
  read: (r) => r.float64(),
  write: (w, v) => w.float64(v),
})
/** A number: beyond 2^53 the nearest one is read. */
export const int64 = scalar('int64', 0, 8, { read: (r) => r.int64(), write: (w, v) => w.int64(v) })
/** Java's Long.MAX_VALUE, as it is read and written. */
export const int64Max = 2 ** 63
export const bool = scalar('bool', false, 1, {
  read: (r) => r.int8() !== 0,
  write: (w, v) => w.int8(v ? 1 : 0),
})
/** 16 bytes as 22 characters of base64url, as Kafka prints them. */
export const uuid = scalar('uuid', 'A'.repeat(22), 16, {
  read: (r) => r.uuid(),
  write: (w, v) => w.uuid(v),
})

/** Reads a length: -1 is null. Flexible versions write one more as a uvarint (KIP-482). */
function readLength(r: Reader, flexible: boolean, nullable: boolean): number {
  const length = flexible ? r.uvarint() - 1 : r.int32()
  if (length >= 0) return length
  if (!nullable) throw new ProtocolError(`A length of ${length} before ${r.offset} is not possible`)
  return -1
}

function writeLength(w: Writer, flexible: boolean, length: number): void {
  if (flexible) w.uvarint(length + 1)
  else w.int32(length)
}

/** A view into the frame when read; large ones are sent without a copy. */
export const bytes = new Field<Buffer>(
  {
    name: 'bytes',
    compile: (_version, flexible, nullable) => ({
      bytesMin: flexible ? 1 : 4,
      read(r) {
        const length = readLength(r, flexible, nullable)
        return length < 0 ? null : r.slice(length)
      },
      write(w, value: Buffer | null) {
        writeLength(w, flexible, value === null ? -1 : value.length)
        if (value !== null) w.slice(value)
      },
    }),
    isEmpty: (value: Buffer) => value.length === 0,
  },
  Buffer.alloc(0),
)
/** Record batches, as they are. */
export const records = bytes

const stringBytesMax = 0x7fff
export const string = new Field<string>(
  {
    name: 'string',
    compile: (_version, flexible, nullable) => ({
      bytesMin: flexible ? 1 : 2,
      read(r) {
        const length = flexible ? r.uvarint() - 1 : r.int16()
        if (length < 0 && nullable) return null
        if (length < 0 || length > stringBytesMax)
          throw new ProtocolError(`A string of ${length} bytes before ${r.offset} is not possible`)
        return length === 0 ? '' : r.string(length)
      },
      write(w, value: string | null) {
        if (value !== null) w.string(value, flexible)
        else if (flexible) w.uvarint(0)
        else w.int16(-1)
      },
    }),
    isEmpty: () => false,
  },
  '',
)

export function array<Out, In>(of: Field<Out, In>): Field<Out[], readonly In[]>
export function array<F extends Fields>(of: F): Field<Decoded<F>[], readonly Encodable<F>[]>
export function array(of: Field<any, any> | Fields): Field<any, any> {
  const element = of instanceof Field ? of : struct(of)
  const type: Type = {
    name: 'array',
    element,
    compile(version, flexible, nullable) {
      const codec = element.type.compile(version, flexible, false)
      return {
        bytesMin: flexible ? 1 : 4,
        read(r) {
          const length = readLength(r, flexible, nullable)
          if (length < 0) return null
          r.claim(length, codec.bytesMin)
          const items = []
          for (let i = 0; i < length; i++) items.push(codec.read(r))
          return items
        },
        write(w, items: unknown[] | null) {
          writeLength(w, flexible, items === null ? -1 : items.length)
          if (items !== null) for (const item of items) codec.write(w, item)
        },
      }
    },
    isEmpty: (value: unknown[]) => value.length === 0,
  }
  return new Field<any>(type, Object.freeze([]))
}

export function struct<F extends Fields>(fields: F): Field<Decoded<F>, Encodable<F>> {
  const entries = Object.entries(fields)
  const absent = Object.fromEntries(entries.map(([name, field]) => [name, field.absent]))
  const type: Type = {
    name: 'struct',
    fields,
    compile: (version, flexible, nullable, tagged) =>
      structCodec(
        entries.map(([name, field]) => {
          const { since, until, nullableSince, tag } = field.rules
          const carried = version >= since && version <= until
          const codec = carried
            ? field.type.compile(version, flexible, version >= nullableSince, tag !== undefined)
            : undefined
          return { name, field, tag, codec }
        }),
        flexible,
        // A struct that may be null begins with 1, or with this.
        nullable ? (tagged ? 0 : -1) : undefined,
      ),
    isEmpty: (value) => entries.every(([name, field]) => field.isAbsent(value[name])),
  }
  return new Field<Decoded<F>, Encodable<F>>(type, Object.freeze(absent) as Decoded<F>)
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
