import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Comparison, merged, type RowResult, tableOf } from '../../bench/comparison.ts'
import * as failover from '../../bench/failover-table.ts'
import { axes, mergedTable } from '../../bench/growth.ts'
import { measure } from '../../bench/micro/bytes.ts'
import { measure as measureHotPath } from '../../bench/micro/hot-path.ts'
import { page } from '../../bench/page.ts'
import { sectionOf, writeSection } from '../../bench/results.ts'
import { rows } from '../../bench/rows.ts'
import { isNoisy, spreadOf } from '../../bench/statistics.ts'
import { FrameRing, loadBatch, recordsIn } from '../../src/cli/bench/load-frames.ts'
import { parametersOf } from '../../src/cli/bench/workload.ts'
import { workloads } from '../../src/cli/bench/workloads.ts'

test('a spread has the median, and is noisy when the runs differ by more than a quarter', () => {
  const even = spreadOf([4, undefined, 1, 3, 2])!
  const close = spreadOf([100, 110, 90])!
  expect([even, isNoisy(even), close, isNoisy(close), spreadOf([undefined])]).toEqual([
    { median: 2.5, min: 1, max: 4, runs: 4 },
    true,
    { median: 100, min: 90, max: 110, runs: 3 },
    false,
    undefined,
  ])
})

test('a ring gives any number of the next frames as one piece', () => {
  const ring = new FrameRing([Buffer.from('aa'), Buffer.from('bb'), Buffer.from('cc')], 4)
  const taken = [1, 4, 6, 2].map((count) => ring.take(count).toString())
  expect([ring.count, taken]).toEqual([6, ['aa', 'bbccaabb', 'ccaabbccaabb', 'ccaa']])
})

test('a batch is about as large as it was asked to be', () => {
  for (const batchBytes of [1024, 16_384, 1024 * 1024]) {
    const shape = { batchBytes, recordBytes: 100, codec: 'none' as const }
    const size = loadBatch(shape).length
    expect(Math.abs(size - batchBytes) / batchBytes).toBeLessThan(0.08)
    expect(recordsIn(shape)).toBe(Math.round((batchBytes - 61) / 107))
  }
})

test('parameters that make no sense are refused with what would', () => {
  const produce = workloads.get('produce')!
  const refused = (given: Record<string, string>) => {
    try {
      return parametersOf(produce, given)
    } catch (error) {
      return (error as Error).message
    }
  }
  expect([
    refused({ window: '0' }),
    refused({ acks: '2' }),
    refused({ durable: 'perhaps' }),
    refused({ speed: '9' }),
  ]).toEqual([
    'produce: window is a whole number from 1 to 10000, not 0',
    'produce: acks is a whole number from -1 to 1, not 2',
    'produce: durable is true or false, not perhaps',
    expect.stringContaining(
      'The workload produce has no parameter speed; it has topic, batchBytes',
    ),
  ])
})

test('every row of the comparison is a workload with parameters that it has', () => {
  for (const { measure } of rows)
    if ('workload' in measure) parametersOf(workloads.get(measure.workload)!, measure.parameters)
})

const resultOf = (name: string, commit: string): RowResult => ({
  row: { name, figure: 'requestsPerSecond', better: 'more', goal: 5 },
  runs: {
    ottla: [{ requestsPerSecond: 60 }, { requestsPerSecond: 30 }],
    kafka: [{ requestsPerSecond: 10 }],
  },
  ...{ failures: [], command: 'bench', commit, takenAt: 'today' },
})
const comparisonOf = (...results: RowResult[]): Comparison => ({
  ...{ machine: 'a <machine>', contenders: ['ottla', 'kafka'], results },
})

test('every line of the growth table is a workload with parameters that it has', () => {
  for (const axis of axes)
    for (const value of axis.values) parametersOf(workloads.get(axis.workload)!, axis.given(value))
})

test('lines of the growth table that are measured again replace those of before', () => {
  const [first, second] = [1, 2].map(
    (processes) => `| broker processes, 16 KiB batches, a partition each | ${processes} | x |`,
  )
  const groups = '| groups that commit offsets | 1,000 | y |'
  const before = mergedTable('', [second!, groups])
  const again = first!.replace('x', 'new')
  const lines = mergedTable(`${before}\n| an axis of old | 1 |`, [first!, again]).split('\n')
  expect(lines.slice(2)).toEqual([groups, again, second])
})

test('a line of the failover table says whether its bound is held, and stands beside the other cluster', () => {
  const [killed, stopped] = failover.faultRows as [failover.FaultRow, failover.FaultRow]
  const of = (row: failover.FaultRow, cluster: string, gapP99Ms: number, failed = 0) =>
    failover.tableLine(row, cluster, {
      ...{ rounds: 5, how: 'how' },
      figures: { gapP50Ms: 300, gapP99Ms, gapMaxMs: gapP99Ms, failed },
    })
  const lines = [
    of(killed, 'ottla', 900),
    of(stopped, 'ottla', 101),
    of(killed, 'kafka', 11_400),
    of(killed, 'ottla', 1000),
  ]
  expect(failover.mergedTable('', lines).split('\n').slice(2)).toEqual([
    '| leader killed | ottla | 5 | 300 | 1,000 | 1,000 | 0 | p50 700, p99 1000: held | how |',
    '| leader killed | kafka | 5 | 300 | 11,400 | 11,400 | 0 |  | how |',
    '| leader stopped (SIGTERM) | ottla | 5 | 300 | 101 | 101 | 0 | max 100: missed | how |',
  ])
  expect(of(killed, 'ottla', 900, 1)).toContain('missed')
})

test('a section of the results is replaced, and nothing around it', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'ottla-results-')), 'RESULTS.md')
  const [begin, end] = ['<!-- begin a: written by a command -->', '<!-- end a -->']
  writeFileSync(path, `before\n${begin}\nold\n${end}\nbehind\n`)
  expect(sectionOf(path, 'a')).toBe('old')
  writeSection(path, 'a', 'new')
  expect(readFileSync(path, 'utf8')).toBe(`before\n${begin}\n\nnew\n\n${end}\nbehind\n`)
  expect(() => writeSection(path, 'b', 'new')).toThrow('has no <!-- begin b')
})

test('the page shows each row with its ratio, and says what is too noisy', () => {
  const html = page(comparisonOf(resultOf('produce', 'abc')))
  expect(html).toContain('a &#60;machine&#62;')
  expect(html).toContain('4.50 times kafka; goal 5; too noisy to conclude')
})

test('the table tells medians, spreads, ratios and where each row comes from', () => {
  const [, , line] = tableOf(comparisonOf(resultOf('produce', 'abc')), true).split('\n')
  expect(line).toBe(
    '| produce | requestsPerSecond, more is better | 45 (30–60) | 10 (10–10) | **4.50 ×** (6.00–6.00) | 5 × missed | too noisy | `bench` at abc |',
  )
})

test('a failure of several lines stays in its row', () => {
  const failed = { ...resultOf('produce', 'abc'), failures: ['ottla: it ended\n  with 1\n'] }
  const [, , line, ...more] = tableOf(comparisonOf(failed)).split('\n')
  expect([line?.endsWith('| ottla: it ended / with 1 |'), more]).toEqual([true, []])
})

test('rows that are measured again replace those of before, in the order of the table', () => {
  const older = comparisonOf(resultOf('a', 'old'), resultOf('b', 'old'))
  const newer = comparisonOf(resultOf('c', 'new'), resultOf('a', 'new'))
  const { results } = merged(older, newer, ['a', 'b', 'c'])
  expect(results.map(({ row, commit }) => [row.name, commit])).toEqual([
    ['a', 'new'],
    ['b', 'old'],
    ['c', 'new'],
  ])
})

test('the micro-benchmarks run', () => {
  expect(measure(1, 1).every(({ nanoseconds }) => nanoseconds > 0)).toBe(true)
})

test('the micro-benchmarks of the hot path run, and every request is answered', async () => {
  const costs = await measureHotPath(3, 1)
  expect(costs.map(({ name }) => name.split(':')[0])).toEqual([
    ...Array(5).fill('dispatch'),
    'index look-up, 64 MiB segment',
  ])
})
