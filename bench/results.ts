/** The table of RESULTS.md, between its two markers; what stands around it is written by hand. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Comparison, tableOf } from './comparison.ts'

const begin = '<!-- begin: written by npm run bench:compare -- --results -->'
const end = '<!-- end -->'

export function writeResults(path: string, comparison: Comparison): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : `${begin}\n${end}\n`
  const from = before.indexOf(begin)
  const to = before.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${path} has no ${begin} … ${end}`)
  const table = `\n\nMachine: ${comparison.machine}\n\n${tableOf(comparison, true)}\n\n`
  writeFileSync(path, before.slice(0, from + begin.length) + table + before.slice(to))
}
