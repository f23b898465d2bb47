/**
 * The schema language: Kafka messages as plain objects whose keys are in wire order.
 *
 * A field says its type and, by `since`, `until`, `nullable`, `default` and `tag`, which versions
 * carry it. `api()` compiles one codec for each version when the module loads, so nothing about
 * versions is decided while a message is read or written.
 */
import type { Reader } from './bytes.ts'
import { Writer } from './bytes.ts'

export interface Codec<Out, In = Out> {
  read(reader: Reader): Out
  write(writer: Writer, value: In): void
}

interface Rules {
  readonly since: number
  readonly until: number
  readonly nullableSince: number
  readonly tag: number | undefined
}

type Compile = (version: number, flexible: boolean, nullable: boolean) => Codec<any>

const always: Rules = { since: 0, until: Infinity, nullableSince: Infinity, tag: undefined }

/** A field of a message. `Out` is what a reader returns, `In` what a writer accepts. */
export class Field<Out, In = Out> {
  declare readonly in: In
  readonly compile: Compile
  /** The value in versions that do not carry the field. */
  readonly absent: Out
  readonly rules: Rules

  constructor(compile: Compile, absent: Out, rules: Rules = always) {
    this.compile = compile
    this.absent = absent
    this.rules = rules
  }

  since(version: number): Field<Out, In | undefined> {
    return new Field(this.compile, this.absent, { ...this.rules, since: version })
  }

  until(version: number): Field<Out, In | undefined> {
    return new Field(this.compile, this.absent, { ...this.rules, until: version })
  }

  tag(tag: number): Field<Out, In | undefined> {
    return new Field(this.compile, this.absent, { ...this.rules, tag })
  }

  default(value: Out): Field<Out, In | undefined> {
    return new Field(this.compile, value, this.rules)
  }

  nullable(since = 0): Field<Out | null, In | null> {
    return new Field<Out | null, In | null>(this.compile, null, {
      ...this.rules,
      nullableSince: since,
    })
  }
}

export type Fields = { readonly [name: string]: Field<any, any> }
type Needed<F extends Fields> = {
  [K in keyof F]: undefined extends F[K]['in'] ? never : K
}[keyof F]

/** What a reader returns: every field, the absent ones at their default. */
export type Decoded<F extends Fields> = { -readonly [K in keyof F]: F[K]['absent'] }
/** What a writer accepts: fields that have a default may be left out. */
export type Encodable<F extends Fields> = { [K in Needed<F>]: F[K]['in'] } & {
  [K in Exclude<keyof F, Needed<F>>]?: F[K]['in']
}

const scalar = <T>(absent: T, codec: Codec<T>): Field<T> => new Field(() => codec, absent)

export const int8 = scalar(0, { read: (r) => r.int8(), write: (w, v) => w.int8(v) })
export const int16 = scalar(0, { read: (r) => r.int16(), write: (w, v) => w.int16(v) })
export const int32 = scalar(0, { read: (r) => r.int32(), write: (w, v) => w.int32(v) })
export const uint16 = scalar(0, {
  read: (r) => r.int16() & 0xffff,
  write: (w, v) => w.int16((v << 16) >> 16),
})
export const float64 = scalar(0, {
  read: (r) => r.slice(8).readDoubleBE(),
  write: (w, v) => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(v)
    w.slice(bytes)
  },
})
export const int64 = scalar(0, { read: (r) => r.int64(), write: (w, v) => w.int64(v) })
export const bool = scalar(false, {
  read: (r) => r.int8() !== 0,
  write: (w, v) => w.int8(v ? 1 : 0),
})
export const uuid = scalar('A'.repeat(22), {
  read: (r) => r.slice(16).toString('base64url'),
  write: (w, v) => w.slice(Buffer.from(v, 'base64url')),
})

/** Values that carry their length: -1 is null; flexible versions write length + 1 as a uvarint. */
function sized<T>(
  absent: T,
  narrow: boolean,
  body: { length(v: T): number; read(r: Reader, n: number): T; write(w: Writer, v: T): void },
) {
  const compile: Compile = (_version, flexible, nullable) => ({
    read(r) {
      const length = flexible ? r.uvarint() - 1 : narrow ? r.int16() : r.int32()
      if (length === -1 && nullable) return null
      // Every element takes a byte or more, so a longer length is a lie: refuse it before allocating.
      if (length < 0 || length > r.remaining)
        throw new RangeError(`a length of ${length} is not possible here`)
      return body.read(r, length)
    },
    write(w, value) {
      const length = value === null ? -1 : body.length(value)
      if (flexible) w.uvarint(length + 1)
      else if (narrow) w.int16(length)
      else w.int32(length)
      if (value !== null) body.write(w, value)
    },
  })
  return new Field<T>(compile, absent)
}

export const bytes = sized<Buffer>(Buffer.alloc(0), false, {
  length: (v) => v.length,
  read: (r, n) => r.slice(n),
  write: (w, v) => w.slice(v),
})
export const records = bytes
export const string = sized('', true, {
  length: (v) => Buffer.byteLength(v),
  read: (r, n) => r.slice(n).toString(),
  write: (w, v) => w.slice(Buffer.from(v)),
})

export function array<Out, In>(of: Field<Out, In>): Field<Out[], readonly In[]>
export function array<F extends Fields>(of: F): Field<Decoded<F>[], readonly Encodable<F>[]>
export function array(of: Field<any, any> | Fields): Field<any, any> {
  const element = of instanceof Field ? of : struct(of)
  return new Field<any>((version, flexible, nullable) => {
    const codec = element.compile(version, flexible, false)
    return sized<unknown[]>([], false, {
      length: (v) => v.length,
      read(r, n) {
        const items = []
        for (let i = 0; i < n; i++) items.push(codec.read(r))
        return items
      },
      write: (w, v) => {
        for (const item of v) codec.write(w, item)
      },
    }).compile(version, flexible, nullable)
  }, [])
}

export function struct<F extends Fields>(fields: F): Field<Decoded<F>, Encodable<F>> {
  const entries = Object.entries(fields)
  const absent = Object.fromEntries(
    entries.map(([name, field]) => [name, field.absent]),
  ) as Decoded<F>
  const compile: Compile = (version, flexible, nullable) => {
    const slots = entries.map(([name, { rules, absent, compile }]) => ({
      name,
      absent,
      tag: rules.tag,
      codec:
        version < rules.since || version > rules.until
          ? undefined
          : compile(version, flexible, version >= rules.nullableSince),
    }))
    const tagged = slots.filter((slot) => slot.tag !== undefined && slot.codec !== undefined)
    const inline = slots.map((slot) =>
      slot.tag === undefined ? slot : { ...slot, codec: undefined },
    )
    return {
      read(r) {
        if (nullable && r.int8() < 0) return null
        const value: Record<string, unknown> = {}
        for (const { name, absent, codec } of inline) value[name] = codec ? codec.read(r) : absent
        if (flexible) readTags(r, tagged, value)
        return value
      },
      write(w, value) {
        if (nullable) w.int8(value === null ? -1 : 1)
        if (value === null) return
        for (const { name, absent, codec } of inline) {
          codec?.write(w, value[name] === undefined ? absent : value[name])
        }
        if (flexible) writeTags(w, tagged, value)
      },
    }
  }
  return new Field<Decoded<F>, Encodable<F>>(compile, absent)
}

type Slot = {
  name: string
  absent: unknown
  tag: number | undefined
  codec: Codec<unknown> | undefined
}

function readTags(r: Reader, slots: Slot[], value: Record<string, unknown>): void {
  for (let count = r.uvarint(); count > 0; count--) {
    const tag = r.uvarint()
    const size = r.uvarint()
    const end = r.offset + size
    const slot = slots.find((slot) => slot.tag === tag)
    if (slot?.codec) value[slot.name] = slot.codec.read(r)
    r.offset = end // Tags we do not know are skipped.
  }
}

function writeTags(w: Writer, slots: Slot[], value: Record<string, unknown>): void {
  const present = slots.filter(
    (slot) => value[slot.name] !== undefined && value[slot.name] !== slot.absent,
  )
  w.uvarint(present.length)
  for (const slot of present) {
    const body = new Writer()
    slot.codec?.write(body, value[slot.name])
    w.uvarint(slot.tag ?? 0)
    w.uvarint(body.offset)
    w.slice(body.finish())
  }
}

export interface Api<Request extends Fields, Response extends Fields> {
  readonly key: number
  readonly name: string
  readonly versions: readonly [min: number, max: number]
  request(version: number): Codec<Decoded<Request>, Encodable<Request>>
  response(version: number): Codec<Decoded<Response>, Encodable<Response>>
}

export type RequestOf<A> = A extends Api<infer F, Fields> ? Decoded<F> : never
export type ResponseOf<A> = A extends Api<Fields, infer F> ? Encodable<F> : never

export function api<Request extends Fields, Response extends Fields>(
  key: number,
  name: string,
  spec: {
    versions: readonly [min: number, max: number]
    flexible: number
    request: Request
    response: Response
  },
): Api<Request, Response> {
  const [min, max] = spec.versions
  const compileAll = (fields: Fields) => {
    const message = struct(fields)
    const codecs = Array.from({ length: max - min + 1 }, (_, i) =>
      message.compile(min + i, min + i >= spec.flexible, false),
    )
    return (version: number) => codecs[version - min] ?? unsupported(name, version)
  }
  return {
    key,
    name,
    versions: spec.versions,
    request: compileAll(spec.request),
    response: compileAll(spec.response),
  }
}

function unsupported(name: string, version: number): never {
  throw new RangeError(`${name} has no version ${version}`)
}
