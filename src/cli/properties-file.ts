/**
 * Files of `property=value` lines: kcat's configuration, Java's client.properties, our profiles.
 *
 * kcat's reading is the rule, because Java's files pass through it too: blanks around the line are
 * cut, `#` begins a comment, `\:` and `\=` stand for the character, the first `=` divides, and a
 * backslash at the end belongs to the value: it may be a password's. Only what is meant for Java's
 * clients (--command-config) goes on in the next line behind one.
 */
import { readFileSync } from 'node:fs'
import { Failure } from './failure.ts'

export interface Section {
  /** Empty for what stands before the first `[name]`. */
  readonly name: string
  readonly properties: Map<string, string>
}

/** Whose rules beyond kcat's hold: lines that go on, or lines of `[name]`. */
export type Dialect = 'kcat' | 'java' | 'profiles'

export function parseProperties(text: string, path: string, dialect: Dialect = 'kcat'): Section[] {
  const found: Section[] = [{ name: '', properties: new Map() }]
  const all = text.split(/\r?\n/)
  const lines = dialect === 'java' ? joinContinued(all) : all
  lines.forEach((raw, index) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith('!')) return
    const heading = dialect === 'profiles' ? /^\[(.+)\]$/.exec(line) : null
    if (heading) {
      found.push({ name: heading[1]!.trim(), properties: new Map() })
      return
    }
    const plain = line.replaceAll('\\:', ':')
    const match = /^((?:[^=\\]|\\.)+?)\s*=\s*(.*)$/.exec(plain)
    if (match === null) throw new Failure(`${path}:${index + 1}: expected property=value`)
    found.at(-1)!.properties.set(match[1]!.trim(), match[2]!.replaceAll('\\=', '='))
  })
  return found
}

/** A line that is read as this property again. */
export function propertyLine(name: string, value: string): string {
  if (value !== value.trim() || /[\r\n]/.test(value))
    throw new Failure(`${name}: a value of several lines, or with blanks around it, cannot be kept`)
  return `${name}=${value.replaceAll('\\:', '\\\\:').replaceAll('=', '\\=')}\n`
}

/** Java continues a line that ends with one backslash. */
function joinContinued(lines: readonly string[]): string[] {
  const joined: string[] = []
  let open = false
  for (const line of lines) {
    const text = open ? `${joined.pop() ?? ''}${line.trimStart()}` : line
    open = /(^|[^\\])(\\\\)*\\$/.test(text)
    joined.push(open ? text.slice(0, -1) : text)
  }
  return joined
}

/** `onOpened` is called when the file could be read, whatever stands in it. */
export function readPropertiesFile(
  path: string,
  onOpened?: (path: string) => void,
  dialect: Dialect = 'kcat',
): Map<string, string> {
  const text = readText(path)
  onOpened?.(path)
  return parseProperties(text, path, dialect)[0]!.properties
}

/** `undefined` when there is no such file. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw error
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`Failed to open ${path}: ${systemText(error)}`)
  }
}

/** As strerror(3) says it, which scripts for kcat look for. */
export function systemText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const texts: Record<string, string> = {
    ENOENT: 'No such file or directory',
    EACCES: 'Permission denied',
    EISDIR: 'Is a directory',
    ENOTDIR: 'Not a directory',
  }
  return texts[code ?? ''] ?? message
}
