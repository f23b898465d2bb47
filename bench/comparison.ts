/** What a comparison found, and what follows from it. */
import type { Figures } from '../src/cli/bench/bench-result.ts'
import type { Row } from './rows.ts'
import { isNoisy, type Spread, spreadOf } from './statistics.ts'

export type ShownRow = Omit<Row, 'measure'>

export interface RowResult {
  readonly row: ShownRow
  /** By contender: the figures of each run. */
  readonly runs: Readonly<Record<string, readonly Figures[]>>
  /** Why a run is missing. */
  readonly failures: readonly string[]
  /** Rows of one file may come from several runs of the command. */
  readonly command: string
  readonly commit: string
  readonly takenAt: string
}

export interface Comparison {
  readonly machine: string
  readonly contenders: readonly string[]
  readonly results: readonly RowResult[]
}

export interface Verdict {
  readonly ours: Spread | undefined
  readonly theirs: Spread | undefined
  /** How many times better the first is, by the medians. */
  readonly ratio: number | undefined
  /** The same of each pair of runs, which lay beside each other in time. */
  readonly pairRatios: Spread | undefined
  readonly noisy: boolean
  readonly says: 'reached' | 'missed' | ''
}

export const spreadIn = ({ runs }: RowResult, contender: string, figure: string) =>
  spreadOf((runs[contender] ?? []).map((figures) => figures[figure]))

export function verdictOf(
  result: RowResult,
  [first = '', second = '']: readonly string[],
): Verdict {
  const { row, runs } = result
  const ours = spreadIn(result, first, row.figure)
  const theirs = spreadIn(result, second, row.figure)
  const better = (one: number, other: number) => (row.better === 'more' ? one / other : other / one)
  const ratio = ours && theirs && better(ours.median, theirs.median)
  const others = runs[second] ?? []
  const pairs = (runs[first] ?? []).map((figures, i) => {
    const [one, other] = [figures[row.figure], others[i]?.[row.figure]]
    return one === undefined || other === undefined ? undefined : better(one, other)
  })
  const judged = ratio !== undefined && row.goal !== undefined
  return {
    ...{ ours, theirs, ratio, pairRatios: spreadOf(pairs) },
    noisy: [ours, theirs].some((spread) => spread !== undefined && isNoisy(spread)),
    says: judged ? (ratio >= row.goal ? 'reached' : 'missed') : '',
  }
}

/** `newer` over `older`: what was measured again replaces what was measured before. */
export function merged(older: Comparison, newer: Comparison, order: readonly string[]): Comparison {
  const byName = new Map(
    [...older.results, ...newer.results].map((result) => [result.row.name, result]),
  )
  const results = order.flatMap((name) => byName.get(name) ?? [])
  return { ...newer, results }
}

const digits = (value: number) =>
  value >= 1000
    ? Math.round(Number(value.toPrecision(4))).toLocaleString('en')
    : `${Number(value.toPrecision(3))}`

export const shortSpread = (spread: Spread | undefined) =>
  spread === undefined
    ? '–'
    : `${digits(spread.median)} (${digits(spread.min)}–${digits(spread.max)})`

/** A Markdown table. */
export function tableOf({ results, contenders }: Comparison, withOrigin = false): string {
  const lines = results.map((result) => {
    const { row, command, commit, failures } = result
    const { ours, theirs, ratio, pairRatios, noisy, says } = verdictOf(result, contenders)
    const unit = `${row.figure}, ${row.better} is better`
    const pairs = pairRatios && `${pairRatios.min.toFixed(2)}–${pairRatios.max.toFixed(2)}`
    const times = ratio === undefined ? '–' : `**${ratio.toFixed(2)} ×** (${pairs})`
    const goal = row.goal === undefined ? '' : `${row.goal} × ${says}`
    const told = failures.map((failure) => failure.trim().replaceAll(/\s*\n\s*/g, ' / '))
    const noise = told.length > 0 ? told.join('; ') : noisy ? 'too noisy' : ''
    const origin = withOrigin ? [`\`${command.replaceAll('|', '\\|')}\` at ${commit}`] : []
    const cells = [row.name, unit, shortSpread(ours), shortSpread(theirs), times, goal, noise]
    return [...cells, ...origin]
  })
  const [first = '', second = ''] = contenders
  const head = ['row', 'figure', first, second, 'ratio (pairs of runs)', 'goal', 'noise']
  const all = withOrigin ? [...head, 'how'] : head
  return [all, all.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
