/**
 * How large a regular expression in RE2 syntax is written out, before anybody compiles it: `x{1000}` is seven characters
 * and a thousand of them. Compiling takes time in proportion to the size, and a text that has never been
 * matched before in proportion to what is repeated: each repetition may be under way at once.
 */

export interface RegexSize {
  /** Characters, where each repetition with a count is written out. */
  readonly size: number
  /** Those of them that a quantifier repeats. */
  readonly repeated: number
}

/** A Unicode class stands for hundreds of ranges, and as many more where case is ignored. */
const classSize = 128
const nothing: RegexSize = { size: 0, repeated: 0 }

/** A quotation, an escape, a class, a repetition with a count, or a character. */
const token =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w*:\]|[^\]\\])*\]?|\{(\d+)(?:,(\d*))?\}|[\s\S]/gu

export function regexSize(regex: string): RegexSize {
  const open: RegexSize[] = []
  let sum = nothing
  /** What a quantifier would repeat; it is not in `sum` yet. */
  let last = nothing
  const take = (atom: RegexSize) => {
    sum = plus(sum, last)
    last = atom
  }
  for (const match of regex.matchAll(token)) {
    const [text, least, most] = match
    if (text === '(') {
      take(nothing)
      open.push(sum)
      sum = nothing
    } else if (text === ')') {
      const group = plus(plus(sum, last), { size: 2, repeated: 0 })
      sum = open.pop() ?? nothing
      last = group
    } else if (least !== undefined)
      last = times(last, Math.max(Number(least), Number(most || 0), 1))
    else if (text === '*' || text === '+' || text === '?')
      last = times(plus(last, { size: 1, repeated: 0 }), 1)
    else take({ size: sizeOf(text), repeated: 0 })
  }
  return [...open, sum, last].reduce(plus)
}

/** An escape, a class, a quotation or a character. */
const sizeOf = (text: string) => {
  const classes = text.startsWith('\\Q') ? 0 : (text.match(/\\[pP]/g) ?? []).length
  return text.length + classes * classSize
}

const plus = (a: RegexSize, b: RegexSize): RegexSize => ({
  size: a.size + b.size,
  repeated: a.repeated + b.repeated,
})

const times = ({ size }: RegexSize, count: number): RegexSize => ({
  size: size * count,
  repeated: size * count,
})
