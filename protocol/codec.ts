/**
 * Codecs: one for each message, version and place, made from the schema when first needed.
 */
import type { Reader, Writer } from './bytes.ts'
import { ProtocolError } from './bytes.ts'

export interface Codec<Out, In = Out> {
  read(reader: Reader): Out
  write(writer: Writer, value: In): void
}

/** A codec that knows how few bytes a value may take, to judge counts by. */
export interface Wire<Out, In = Out> extends Codec<Out, In> {
  readonly bytesMin: number
}

export interface Slot {
  readonly name: string
  readonly field: { readonly absent: unknown; isAbsent(value: unknown): boolean }
  readonly tag: number | undefined
  /** Undefined in versions that do not carry the field. */
  readonly codec: Wire<unknown> | undefined
}

export function structCodec(
  slots: Slot[],
  flexible: boolean,
  nullMarker: number | undefined,
): Wire<any> {
  const inline = slots.map((slot) =>
    slot.tag === undefined ? slot : { ...slot, codec: undefined },
  )
  const tagged = slots
    .filter((slot) => slot.tag !== undefined && slot.codec !== undefined)
    .sort((a, b) => a.tag! - b.tag!)
  const bytesMin = inline.reduce((sum, { codec }) => sum + (codec?.bytesMin ?? 0), 0)
  return {
    // At least 1, so that a count is never unbounded.
    bytesMin: nullMarker !== undefined ? 1 : Math.max(1, bytesMin + (flexible ? 1 : 0)),
    read(r) {
      if (nullMarker !== undefined && r.int8() <= nullMarker) return null
      const value: Record<string, unknown> = {}
      for (const { name, field, codec } of inline)
        value[name] = codec ? codec.read(r) : field.absent
      if (flexible) readTags(r, tagged, value)
      return value
    },
    write(w, value) {
      if (nullMarker !== undefined) w.int8(value === null ? nullMarker : 1)
      if (value === null) return
      for (const { name, field, codec } of inline) {
        codec?.write(w, value[name] === undefined ? field.absent : value[name])
      }
      if (flexible) writeTags(w, tagged, value)
    },
  }
}

/** Skips the tags of a struct of which we know none. */
export function skipTags(r: Reader): void {
  readTags(r, [], {})
}

function readTags(r: Reader, slots: Slot[], value: Record<string, unknown>): void {
  let last = -1
  for (let count = r.uvarint(); count > 0; count--) {
    const tag = r.uvarint()
    const size = r.uvarint()
    if (tag <= last) throw new ProtocolError(`Tag ${tag} comes after tag ${last}`)
    last = tag
    const end = r.skip(size) + size
    const slot = slots.find((slot) => slot.tag === tag)
    if (!slot?.codec) continue // Tags we do not know are skipped.
    r.offset = end - size
    value[slot.name] = slot.codec.read(r)
    if (r.offset !== end)
      throw new ProtocolError(`Tag ${tag} of ${size} bytes ends at ${r.offset}, not at ${end}`)
  }
}

function writeTags(w: Writer, slots: Slot[], value: Record<string, unknown>): void {
  const present = slots.filter((slot) => !slot.field.isAbsent(value[slot.name]))
  w.uvarint(present.length)
  for (const { name, tag, codec } of present) {
    w.uvarint(tag!)
    const mark = w.beginSized()
    codec!.write(w, value[name])
    w.endSized(mark)
  }
}
