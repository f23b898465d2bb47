/**
 * The log by itself, without a network: `npx tsx bench/log/run.ts [--small] [append|read|open|recovery|compaction …]`.
 * Ratios compare with plain calls for the same bytes in the same run. `TMPDIR` says which disk is used.
 */
import { compactionRows } from './compaction.ts'
import { openRows, recoveryRows } from './opening.ts'
import { type Row, realSizes, type Sizes, smallSizes } from './sizes.ts'
import { appendRows, readRows } from './throughput.ts'

const parts: Readonly<Record<string, (sizes: Sizes) => Promise<Row[]>>> = {
  append: appendRows,
  read: readRows,
  open: openRows,
  recovery: recoveryRows,
  compaction: compactionRows,
}

export async function* rows(sizes: Sizes, names = Object.keys(parts)): AsyncGenerator<Row> {
  for (const name of names) yield* (await parts[name]?.(sizes)) ?? []
}

export function line({ name, value, unit, goal = '' }: Row): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${name.padEnd(56)} ${value.toFixed(digits).padStart(10)} ${unit.padEnd(6)} ${goal}`
}

if (import.meta.filename === process.argv[1]) {
  const names = process.argv.slice(2).filter((name) => name in parts)
  const sizes = process.argv.includes('--small') ? smallSizes : realSizes
  for await (const row of rows(sizes, names.length > 0 ? names : undefined)) console.log(line(row))
}
