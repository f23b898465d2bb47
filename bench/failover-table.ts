/** The table of `bench:failover`: what happens to a cluster, for how long acknowledgements stay away, and for how long they may. */
import type { Figures } from '../src/cli/bench/bench-result.ts'
import type { FaultKind } from '../src/cli/bench/failover/failover.ts'

export interface FaultRow {
  readonly name: string
  readonly kind: FaultKind
  readonly partitions: number
  /** How often, of `--kills` and `--kafka-kills`. */
  readonly share: number
  /** Ottla's, by the names of its figures: each at most. */
  readonly bounds: Readonly<Record<string, number>>
}

/** What a figure is called in a bound. */
const shownAs: Readonly<Record<string, string>> = { P50Ms: 'p50', P99Ms: 'p99', MaxMs: 'max' }

export const faultRows: readonly FaultRow[] = [
  {
    ...{ name: 'leader killed', kind: 'kill', partitions: 1, share: 1 },
    bounds: { P50Ms: 700, P99Ms: 1000 },
  },
  {
    ...{ name: 'leader stopped (SIGTERM)', kind: 'stop', partitions: 1, share: 0.4 },
    bounds: { MaxMs: 100 },
  },
  {
    ...{ name: 'leader frozen (SIGSTOP)', kind: 'freeze', partitions: 1, share: 0.4 },
    bounds: { MaxMs: 1000 },
  },
  {
    ...{
      name: 'coordinator killed, started again',
      kind: 'coordinator',
      partitions: 1,
      share: 0.4,
    },
    // Not to be told from a busy moment.
    bounds: { MaxMs: 100 },
  },
  {
    ...{ name: 'leader of 1,000 partitions killed, until all are written', kind: 'kill' },
    ...{ partitions: 1000, share: 0.2, bounds: { MaxMs: 2000 } },
  },
]

export const roundsOf = ({ share }: FaultRow, all: number): number =>
  Math.max(1, Math.round(all * share))

/** With many partitions the time until the last of them acknowledges counts, not that of the first. */
const figureOf = ({ partitions }: FaultRow, figures: Figures, name: string) =>
  figures[`${partitions > 1 ? 'everyPartition' : 'gap'}${name}`]

const keyOf = ({ name }: FaultRow, cluster: string) => `| ${name} | ${cluster} |`

export const tableHead = [
  '| what happens | to | rounds | p50 ms | p99 ms | max ms | records failed | bound | how |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
]

export function tableLine(
  row: FaultRow,
  cluster: string,
  { rounds, figures, how }: { rounds: number; figures: Figures; how: string },
): string {
  const gaps = Object.keys(shownAs).map((name) =>
    figureOf(row, figures, name)?.toLocaleString('en'),
  )
  const { failed } = figures
  const verdict = cluster === 'ottla' ? verdictOf(row, figures) : ''
  const cells = [rounds, ...gaps.map((gap) => gap ?? '–'), failed, verdict, how]
  return `${keyOf(row, cluster)} ${cells.join(' | ')} |`
}

function verdictOf(row: FaultRow, figures: Figures): string {
  const { bounds } = row
  const text = Object.entries(bounds).map(([name, max]) => `${shownAs[name]} ${max}`)
  const isHeld = Object.entries(bounds).every(
    ([name, max]) => (figureOf(row, figures, name) ?? Infinity) <= max,
  )
  return `${text.join(', ')}: ${isHeld && figures['failed'] === 0 ? 'held' : 'missed'}`
}

/** `newer` lines over those of a table, in the order of the rows, each cluster's beside the other's. */
export function mergedTable(older: string, newer: readonly string[]): string {
  const all = [...older.split('\n'), ...newer]
  const lines = faultRows.flatMap((row) =>
    ['ottla', 'kafka'].flatMap(
      (cluster) => all.findLast((line) => line.startsWith(keyOf(row, cluster))) ?? [],
    ),
  )
  return [...tableHead, ...lines].join('\n')
}
