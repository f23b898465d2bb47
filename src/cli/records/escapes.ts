/** Backslash sequences of kcat's `-f`, `-D` and `-K`. */
import { Failure } from '../failure.ts'

/**
 * In `-f`: `\n \r \t \xHH` and numbers by C's rules (`\012` octal, `\10` decimal); any other character
 * stands for itself. Unlike kcat, NUL is possible.
 */
export function unescapeFormat(text: string): Buffer {
  const out: Buffer[] = []
  const pattern = /\\(?:x([0-9a-fA-F]+)|([0-9]+)|([\s\S]))/g
  let at = 0
  for (const match of text.matchAll(pattern)) {
    out.push(Buffer.from(text.slice(at, match.index)))
    at = match.index + match[0].length
    const [, hex, digits, letter] = match
    if (hex !== undefined) out.push(Buffer.from([Number.parseInt(hex, 16) & 0xff]))
    else if (digits !== undefined) out.push(...numberEscape(digits))
    else out.push(Buffer.from(simple[letter!] ?? letter!))
  }
  out.push(Buffer.from(text.slice(at)))
  return Buffer.concat(out)
}

const simple: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** strtoul with base 0: a leading zero means octal, which ends at the first other digit. */
function numberEscape(digits: string): Buffer[] {
  if (!digits.startsWith('0')) return [Buffer.from([Number(digits) & 0xff])]
  const octal = /^[0-7]+/.exec(digits)![0]
  const rest = digits.slice(octal.length)
  return [Buffer.from([Number.parseInt(octal, 8) & 0xff]), Buffer.from(rest)]
}

/** In `-D` and `-K`: `\n \r \t \xHH`; everything else, backslashes too, is literal. */
export function unescapeDelimiter(text: string): Buffer {
  const out: Buffer[] = []
  let at = 0
  for (const match of text.matchAll(/\\([nrt]|x([0-9a-fA-F]*))/g)) {
    out.push(Buffer.from(text.slice(at, match.index)))
    at = match.index + match[0].length
    if (match[2] === '')
      throw new Failure(`Delimiter ${text.slice(match.index)} expects hex number`)
    out.push(
      match[2] === undefined
        ? Buffer.from(simple[match[1]!]!)
        : Buffer.from([Number.parseInt(match[2], 16) & 0xff]),
    )
  }
  out.push(Buffer.from(text.slice(at)))
  return Buffer.concat(out)
}
