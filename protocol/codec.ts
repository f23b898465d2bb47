/**
 * Codecs: one for each struct and array in each version, made from the schema when first needed.
 *
 * They are compiled from source text. A function made that way has type feedback of its own, and
 * an object that comes from one literal has its shape at once: twice as fast as closures that share
 * their code (`bench/micro/codecs.ts`). The text contains nothing but field names and numbers from
 * our own schemas. What is neither struct nor array is a method of `Reader` and of `Writer`.
 */
import type { Reader, Writer } from './bytes.ts'
import { ProtocolError } from './bytes.ts'

export interface Codec<Out, In = Out> {
  read(reader: Reader): Out
  write(writer: Writer, value: In): void
}

/** A codec that knows how few bytes a value may take, to judge counts by. */
export interface Wire extends Codec<any> {
  readonly bytesMin: number
  /** The method of `Reader` and `Writer` that does the same. */
  readonly method?: Primitive
}

/** Kafka's types, and the ways in which lengths and null are written. */
export type Primitive = Exclude<keyof Reader & keyof Writer, 'slice' | 'arrayLength' | 'uvarint'>

export function primitiveWire(method: Primitive, bytesMin: number): Wire {
  return {
    bytesMin,
    method,
    read: (r) => r[method](),
    write: (w, value) => w[method](value as never),
  }
}

const reads = ({ method }: Wire, name: string) => (method ? `r.${method}()` : `${name}.read(r)`)
const writes = ({ method }: Wire, name: string, value: string) =>
  method ? `w.${method}(${value})` : `${name}.write(w, ${value})`

/** Runs source text that returns a codec, with these names in scope. */
function compile(scope: Record<string, unknown>, source: string): Codec<any> {
  return new Function(...Object.keys(scope), source)(...Object.values(scope))
}

export function arrayWire(element: Wire, compact: boolean, nullable: boolean): Wire {
  const codec = compile(
    { element },
    `return {
      read(r) {
        const length = r.arrayLength(${compact}, ${nullable}, ${element.bytesMin})
        if (length < 0) return null
        // An array that grows has room for more at once than most ever get.
        if (length === 1) return [${reads(element, 'element')}]
        const items = []
        for (let i = 0; i < length; i++) items.push(${reads(element, 'element')})
        return items
      },
      write(w, items) {
        ${nullable ? `if (items === null) return w.arrayLength(${compact}, -1)` : ''}
        w.arrayLength(${compact}, items.length)
        for (let i = 0; i < items.length; i++) ${writes(element, 'element', 'items[i]')}
      },
    }`,
  )
  return { ...codec, bytesMin: compact ? 1 : 4 }
}

export interface Slot {
  readonly name: string
  readonly field: { readonly absent: unknown; isAbsent(value: unknown): boolean }
  readonly tag: number | undefined
  /** Undefined in versions that do not carry the field. */
  readonly wire: Wire | undefined
}

type Tagged = Slot & { readonly tag: number; readonly wire: Wire }

/** `nullMarker`: the byte that stands for null in place of a 1, where the struct may be null. */
export function structWire(
  slots: readonly Slot[],
  flexible: boolean,
  nullMarker: number | undefined,
): Wire {
  const inline = slots.filter(({ tag, wire }) => tag === undefined && wire !== undefined)
  const tagged = slots
    .filter((slot): slot is Tagged => slot.tag !== undefined && slot.wire !== undefined)
    .sort((a, b) => a.tag - b.tag)
  const codec = compile(
    {
      tagged,
      readTags,
      writeTags,
      ...Object.fromEntries(slots.map(({ field }, i) => [`absent${i}`, field.absent])),
      ...Object.fromEntries(slots.map(({ wire }, i) => [`wire${i}`, wire])),
    },
    structSource(slots, flexible, tagged.length > 0),
  )
  if (nullMarker !== undefined) return { ...nullable(codec, nullMarker), bytesMin: 1 }
  const bytesMin = inline.reduce((sum, { wire }) => sum + wire!.bytesMin, flexible ? 1 : 0)
  // At least 1, so that a count is never unbounded.
  return { ...codec, bytesMin: Math.max(1, bytesMin) }
}

function structSource(slots: readonly Slot[], flexible: boolean, hasTagged: boolean): string {
  const isInline = (slot: Slot) => slot.tag === undefined && slot.wire !== undefined
  const members = slots.map((slot, i) =>
    isInline(slot) ? `${slot.name}: ${reads(slot.wire!, `wire${i}`)}` : `${slot.name}: absent${i}`,
  )
  const statements = slots.map((slot, i) => {
    if (!isInline(slot)) return ''
    const value = `value.${slot.name} === undefined ? absent${i} : value.${slot.name}`
    const write = writes(slot.wire!, `wire${i}`, value)
    if (slot.name !== 'errorCode') return write
    return `${write}; if (value.errorCode) w.errorCodes?.push(value.errorCode)`
  })
  return `return {
    read(r) {
      const value = { ${members.join(', ')} }
      ${flexible ? 'const count = r.uvarint(); if (count > 0) readTags(r, count, tagged, value)' : ''}
      return value
    },
    write(w, value) {
      ${statements.join('\n')}
      ${flexible ? (hasTagged ? 'writeTags(w, tagged, value)' : 'w.int8(0)') : ''}
    },
  }`
}

function nullable(codec: Codec<any>, nullMarker: number): Codec<any> {
  return {
    read: (r) => (r.int8() <= nullMarker ? null : codec.read(r)),
    write(w, value) {
      w.int8(value === null ? nullMarker : 1)
      if (value !== null) codec.write(w, value)
    },
  }
}

/** Skips the tags of a struct of which we know none. */
export function skipTags(r: Reader): void {
  readTags(r, r.uvarint(), [], {})
}

function readTags(
  r: Reader,
  count: number,
  tagged: readonly Tagged[],
  value: Record<string, unknown>,
): void {
  let last = -1
  for (let left = count; left > 0; left--) {
    const tag = r.uvarint()
    const size = r.uvarint()
    if (tag <= last) throw new ProtocolError(`Tag ${tag} comes after tag ${last}`)
    last = tag
    const start = r.skip(size)
    const slot = tagged.find((slot) => slot.tag === tag)
    if (slot === undefined) continue
    r.offset = start
    value[slot.name] = slot.wire.read(r)
    if (r.offset !== start + size)
      throw new ProtocolError(
        `Tag ${tag} at ${start} takes ${r.offset - start} bytes and not the ${size} it says`,
      )
  }
}

function writeTags(w: Writer, tagged: readonly Tagged[], value: Record<string, unknown>): void {
  let count = 0
  for (const { name, field } of tagged) if (!field.isAbsent(value[name])) count++
  w.uvarint(count)
  if (count === 0) return
  for (const { name, tag, field, wire } of tagged) {
    if (field.isAbsent(value[name])) continue
    w.uvarint(tag)
    const mark = w.beginSized()
    wire.write(w, value[name])
    w.endSized(mark)
  }
}
