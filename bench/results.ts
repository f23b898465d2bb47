/** The tables of RESULTS.md, each between two markers; what stands around them is written by hand. */
import { readFileSync, writeFileSync } from 'node:fs'

/** @throws Error when the file has no such section */
export function writeSection(path: string, section: string, text: string): void {
  const begin = `<!-- begin ${section}: written by a command -->`
  const end = `<!-- end ${section} -->`
  const before = readFileSync(path, 'utf8')
  const from = before.indexOf(begin)
  const to = before.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${path} has no ${begin} … ${end}`)
  writeFileSync(path, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`)
}
