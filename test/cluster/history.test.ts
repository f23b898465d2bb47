import { expect, test } from 'vitest'
import type { Sent } from '../../src/cli/bench/failover/steady-load.ts'
import { anomalies, type Read } from './history.ts'

const sent = (value: string, offset: number | undefined, sentMs: number, more = {}): Sent => ({
  value,
  partition: 0,
  offset,
  sentMs,
  ackedMs: sentMs + 1,
  ...more,
})
const log = (...values: string[]): Read[] =>
  values.map((value, offset) => ({ partition: 0, offset, value }))
const kinds = (sent: Sent[], log: Read[], idempotent = true) => [
  ...new Set(anomalies(sent, log, { idempotent }).map((text) => text.split(':')[0])),
]

test('a good history has no anomaly', () => {
  const all = [sent('a', 0, 0), sent('b', 1, 10), sent('unknown', undefined, 20)]
  expect([kinds(all, log('a', 'b')), kinds(all, log('a', 'b', 'unknown'))]).toEqual([[], []])
})

test('a value may stand twice whose producer could not tell', () => {
  const all = [sent('a', 0, 0), sent('b', undefined, 10)]
  const found = (...values: string[]) =>
    anomalies(all, log(...values), { idempotent: true, repeatable: new Set(['b']) })
  expect([found('a', 'b', 'b'), found('a', 'a', 'b').map((text) => text.split(':')[0])]).toEqual([
    [],
    ['duplicate'],
  ])
})

test('each kind of bad history is told apart', () => {
  const a = sent('a', 0, 0)
  const b = sent('b', 1, 10)
  expect({
    lost: kinds([a, b], log('a')),
    overwritten: kinds([a, b, sent('x', undefined, 5)], log('a', 'x')),
    twice: kinds([a], log('a', 'a')),
    twiceAllowed: kinds([a], log('a', 'a'), false),
    invented: kinds([a], log('a', 'b')),
    twoValues: kinds(
      [a, b],
      [...log('a'), { partition: 0, offset: 0, value: 'b' }, ...log('a', 'b').slice(1)],
    ),
    skipped: kinds([a, sent('c', 2, 20)], [log('a')[0]!, { partition: 0, offset: 2, value: 'c' }]),
    back: kinds([a, b], [...log('a', 'b'), ...log('a')]),
    reordered: kinds([sent('a', 1, 0), sent('b', 0, 10)], log('b', 'a')),
  }).toEqual({
    lost: ['lost-write'],
    overwritten: ['inconsistent-offsets'],
    twice: ['duplicate'],
    twiceAllowed: [],
    invented: ['invented'],
    twoValues: ['inconsistent-offsets', 'duplicate', 'nonmonotonic-poll'],
    skipped: ['poll-skip'],
    back: ['nonmonotonic-poll'],
    reordered: ['nonmonotonic-send'],
  })
})
