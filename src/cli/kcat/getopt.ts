/** Options as getopt(3) reads them: letters together, values joined or apart, words in any place. */

export interface Parsed {
  /** In their order: kcat's options may depend on it. */
  readonly options: readonly (readonly [letter: string, value: string])[]
  readonly words: readonly string[]
  /** The first that is not known, or lacks its value. */
  readonly wrong: string | undefined
}

/**
 * `letters`: as getopt, a colon behind a letter means that it has a value. `long` maps long names
 * to letters; long names of more than one letter in the result are our own options.
 */
export function getopt(
  args: readonly string[],
  letters: string,
  long: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, boolean>,
): Parsed {
  const options: [string, string][] = []
  const words: string[] = []
  const hasValue = (letter: string) => letters[letters.indexOf(letter) + 1] === ':'
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') {
      words.push(...args.slice(i + 1))
      break
    }
    if (arg.startsWith('--')) {
      const [name = '', joined] = splitOnce(arg.slice(2))
      const letter = long.get(name) ?? (own.has(name) ? name : undefined)
      if (letter === undefined) return { options, words, wrong: arg }
      const needs = own.get(letter) ?? hasValue(letter)
      if (needs && joined === undefined && i + 1 >= args.length)
        return { options, words, wrong: arg }
      options.push([letter, needs ? (joined ?? args[++i]!) : ''])
    } else if (arg.startsWith('-') && arg.length > 1) {
      const wrong = shortOptions(arg, letters, hasValue, options, () => args[++i])
      if (wrong) return { options, words, wrong }
    } else words.push(arg)
  }
  return { options, words, wrong: undefined }
}

/** `-qCb host`: every letter, the last with a value. */
function shortOptions(
  arg: string,
  letters: string,
  hasValue: (letter: string) => boolean,
  options: [string, string][],
  next: () => string | undefined,
): string | undefined {
  for (let j = 1; j < arg.length; j++) {
    const letter = arg[j]!
    if (letter === ':' || !letters.includes(letter)) return `-${letter}`
    if (!hasValue(letter)) {
      options.push([letter, ''])
      continue
    }
    const value = j + 1 < arg.length ? arg.slice(j + 1) : next()
    if (value === undefined) return `-${letter}`
    options.push([letter, value])
    return undefined
  }
  return undefined
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
