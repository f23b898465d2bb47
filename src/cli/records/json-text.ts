/** JSON text as yajl (and so kcat) writes it, valid whatever the bytes are. */
import { isUtf8 } from 'node:buffer'

export type Encoding = 'text' | 'base64' | 'hex'

/** Control characters that JSON.stringify writes with small hexadecimal digits, yajl with large ones. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const rareControls = /[\x00-\x07\x0b\x0e-\x1f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const rareControlsAll = /[\x00-\x07\x0b\x0e-\x1f]/g

export function jsonString(text: string): string {
  if (!rareControls.test(text)) return JSON.stringify(text)
  const marked = JSON.stringify(text.replaceAll(rareControlsAll, '\uE000$&'))
  return marked.replaceAll(
    /\uE000\\u00([0-9a-f]{2})/g,
    (_, digits: string) => `\\u00${digits.toUpperCase()}`,
  )
}

/** A field with bytes: text where they are UTF-8, else the nearest text and the bytes beside it in base64. */
export function jsonField(name: string, bytes: Buffer | null, encoding: Encoding): string {
  if (bytes === null) return `"${name}":null`
  if (encoding !== 'text') return `"${name}":"${bytes.toString(encoding)}"`
  const text = `"${name}":${jsonString(bytes.toString())}`
  return isUtf8(bytes) ? text : `${text},"${name}_base64":"${bytes.toString('base64')}"`
}

export function jsonValue(bytes: Uint8Array | null, encoding: Encoding): string {
  if (bytes === null) return 'null'
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return encoding === 'text' ? jsonString(buffer.toString()) : `"${buffer.toString(encoding)}"`
}
