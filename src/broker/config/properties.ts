/**
 * The text of Java's `.properties` files, as `java.util.Properties.load` reads it: comments with # and
 * !, lines continued by a backslash, `=`, `:` or blanks between key and value, escapes, unicode escapes.
 */

const blanks = ' \t\f'

/** Keys and values in order; of a key that stands twice the later value wins. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const [key, value] = splitLine(line)
    properties.set(unescaped(key), unescaped(value))
  }
  return properties
}

function* logicalLines(text: string): Iterable<string> {
  let line: string | undefined
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const content = natural.replace(/^[ \t\f]+/, '')
    // A line that is a backslash alone has not begun.
    if (!line && (content === '' || content[0] === '#' || content[0] === '!')) continue
    line = (line ?? '') + content
    const backslashes = /\\*$/.exec(line)?.[0].length ?? 0
    if (backslashes % 2 === 1) {
      line = line.slice(0, -1)
      continue
    }
    yield line
    line = undefined
  }
  if (line) yield line
}

function splitLine(line: string): [key: string, value: string] {
  let end = 0
  while (end < line.length && !`=:${blanks}`.includes(line[end] as string))
    end += line[end] === '\\' ? 2 : 1
  let start = end
  while (blanks.includes(line[start] ?? '?')) start += 1
  if (line[start] === '=' || line[start] === ':') start += 1
  while (blanks.includes(line[start] ?? '?')) start += 1
  return [line.slice(0, end), line.slice(start)]
}

const escapes: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|([\s\S])|$)/g,
    (_, hex?: string, character?: string) =>
      hex
        ? String.fromCharCode(Number.parseInt(hex, 16))
        : (escapes[character ?? ''] ?? character ?? ''),
  )
}
