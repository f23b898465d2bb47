/**
 * Keys and values of the records in the broker's own topics, and of the consumer protocol.
 *
 *     key    int16 type | fields, always version 0
 *     value  int16 version | fields
 */
import { ProtocolError, Reader, Writer } from './bytes.ts'
import type { Decoded, Encodable, Fields, Message } from './schema.ts'

const writer = new Writer()

function encode<F extends Fields>(
  message: Message<F>,
  version: number,
  prefix: number,
  value: Encodable<F>,
): Buffer {
  const mark = writer.mark()
  try {
    writer.int16(prefix)
    message.codec(version).write(writer, value)
  } catch (error) {
    writer.rewind(mark)
    throw error
  }
  return writer.finish()
}

export function encodeKey<F extends Fields>(message: Message<F>, key: Encodable<F>): Buffer {
  if (message.type === undefined) throw new RangeError(`${message.name} is not a key`)
  return encode(message, 0, message.type, key)
}

export function encodeValue<F extends Fields>(
  message: Message<F>,
  version: number,
  value: Encodable<F>,
): Buffer {
  return encode(message, version, version, value)
}

/** The type of a key, to be compared with `message.type`. */
export function keyType(key: Buffer): number {
  return new Reader(key).int16()
}

/** @throws ProtocolError when it is a key of another type, or damaged. */
export function decodeKey<F extends Fields>(message: Message<F>, key: Buffer): Decoded<F> {
  const reader = new Reader(key)
  const type = reader.int16()
  if (type !== message.type) throw new ProtocolError(`${message.name} is not of type ${type}`)
  return message.codec(0).read(reader)
}

/** @throws ProtocolError when the version is not known, or the value damaged. */
export function decodeValue<F extends Fields>(message: Message<F>, value: Buffer): Decoded<F> {
  const reader = new Reader(value)
  const version = reader.int16()
  const [min, max] = message.versions
  if (version < min || version > max)
    throw new ProtocolError(`${message.name} has versions ${min} to ${max}, not ${version}`)
  return message.codec(version).read(reader)
}
