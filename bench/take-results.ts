/**
 * `npm run bench:results`: everything that stands in RESULTS.md, within 45 minutes. What is given is handed
 * on: `-- --rows PATTERN` takes a part, and the rest stays as it was.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { axes } from './growth.ts'
import { rows } from './rows.ts'

const given = process.argv.slice(2)
const wanted = new RegExp(given[given.indexOf('--rows') + 1 || given.length] ?? '', 'i')
const parts = [
  // No row is begun after 35 minutes; the last one, and the growth table, need the rest.
  { of: rows, args: ['compare.ts', '--runs', '3', '--seconds', '3', '--minutes', '35'] },
  { of: axes, args: ['growth.ts', '--runs', '3', '--seconds', '2'] },
]
const chosen = parts.filter(({ of }) => of.some(({ name }) => wanted.test(name)))
if (chosen.length === 0) {
  const names = parts.flatMap(({ of }) => of.map(({ name }) => name))
  console.error(`bench:results: No row matches ${wanted.source}; there are:\n${names.join('\n')}`)
  process.exitCode = 1
}
for (const {
  args: [script = '', ...args],
} of chosen) {
  const command = [
    ...process.execArgv,
    join(import.meta.dirname, script),
    ...args,
    '--results',
    ...given,
  ]
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
