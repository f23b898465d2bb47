/** The tables of RESULTS.md, each between two markers; what stands around them is written by hand. */
import { readFileSync, writeFileSync } from 'node:fs'

/** @throws Error when the file has no such section */
export function sectionOf(path: string, section: string): string {
  const { text, from, to } = found(path, section)
  return text.slice(from, to).trim()
}

/** @throws Error when the file has no such section */
export function writeSection(path: string, section: string, text: string): void {
  const { text: before, from, to } = found(path, section)
  writeFileSync(path, `${before.slice(0, from)}\n\n${text}\n\n${before.slice(to)}`)
}

function found(path: string, section: string): { text: string; from: number; to: number } {
  const begin = `<!-- begin ${section}: written by a command -->`
  const end = `<!-- end ${section} -->`
  const text = readFileSync(path, 'utf8')
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  if (from < begin.length || to < from) throw new Error(`${path} has no ${begin} … ${end}`)
  return { text, from, to }
}
