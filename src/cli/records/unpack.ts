/** kcat's `-s`: bytes as numbers and text by a string in the manner of Python's struct. */
import { Failure } from '../failure.ts'

const tokens = ' <>bBhHiIqQcs$'
const sizes: Readonly<Record<string, number>> = { b: 1, B: 1, h: 2, H: 2, i: 4, I: 4, q: 8, Q: 8 }

export function checkPack(what: string, format: string): void {
  if (format === '') throw new Failure(`${what} pack-format must not be empty`)
  for (const token of format)
    if (!tokens.includes(token))
      throw new Failure(`Invalid token '${token}' in ${what} pack-format, see -s usage.`)
}

/** A record that cannot be shown as asked; the next one may. */
export class Unprintable extends Error {}

/** Unlike kcat, `<` works. Throws Unprintable with kcat's words when bytes are missing or left over. */
export function unpack(what: string, format: string, bytes: Buffer): Buffer {
  const out: Buffer[] = []
  let at = 0
  let little = false
  for (const token of format) {
    const remaining = bytes.length - at
    const size = sizes[token]
    if (token === '<' || token === '>') little = token === '<'
    else if (token === ' ') out.push(Buffer.from(' '))
    else if (size !== undefined) {
      if (size > remaining)
        throw new Unprintable(
          `${what} truncated, expected ${size} bytes to unpack ${token} but only ${remaining} bytes remaining`,
        )
      out.push(Buffer.from(numberText(token, bytes.subarray(at, at + size), little)))
      at += size
    } else if (token === 'c') out.push(bytes.subarray(at, ++at))
    else if (token === 's') {
      out.push(bytes.subarray(at))
      at = bytes.length
    } else if (remaining > 0)
      throw new Unprintable(`expected ${what} end-of-input, but ${remaining} bytes remaining`)
  }
  return Buffer.concat(out)
}

function numberText(token: string, bytes: Buffer, little: boolean): string {
  const ordered = little ? Buffer.from(bytes).reverse() : bytes
  const unsigned = BigInt(`0x${ordered.toString('hex')}`)
  const signed = token === token.toLowerCase()
  return String(signed ? BigInt.asIntN(bytes.length * 8, unsigned) : unsigned)
}
