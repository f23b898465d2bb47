/** A verification finds what side files say otherwise than the batches, and nothing in what Kafka left. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFiles } from '../../src/env/node-files.ts'
import { verify } from '../../src/log/verify.ts'
import { unpackGolden } from './golden-logs.ts'
import { temporaryDirectory } from './temporary-disk.ts'

/** What is found in a directory of Kafka's, some of its files changed: `undefined` removes one. */
function findings(
  folder: string,
  changes: Readonly<Record<string, (bytes: Buffer) => Buffer | string | undefined>>,
): string[] {
  const directory = temporaryDirectory()
  unpackGolden(folder, directory)
  for (const [name, change] of Object.entries(changes)) {
    const path = join(directory, name)
    const bytes = change(readFileSync(path))
    if (bytes === undefined) rmSync(path)
    else writeFileSync(path, bytes)
  }
  const sum = { logs: 0, segments: 0, batches: 0, bytes: 0 }
  return [...verify(nodeFiles, directory, sum, () => {})].map(
    ({ path, problem, isRemark }) =>
      `${isRemark ? 'note ' : ''}${path.slice(directory.length + 1)} ${problem}`,
  )
}

const gone = () => undefined
const index = (base: number, suffix: string) => `txn-0/${`${base}`.padStart(20, '0')}.${suffix}`

test.each(['plain', 'codecs', 'transactions', 'groups', 'compact-before', 'compact-after'])(
  'nothing is wrong in the directory %s',
  (folder) => {
    expect(findings(folder, {})).toEqual([])
  },
)

test('a transaction index that lacks a transaction, or has another', () => {
  const path = index(5, 'txnindex')
  const lacks = (producer: number, from: number, to: number) =>
    `${path} lacks the aborted transaction of producer ${producer} from offset ${from} to ${to}`
  const all = findings('transactions', { [path]: gone })
  expect(all).toHaveLength(3)
  expect(all[0]).toBe(lacks(7, 1, 6))
  // The first entry has another producer.
  const other = (bytes: Buffer) => {
    bytes.writeBigInt64BE(99n, 2)
    return bytes
  }
  expect(findings('transactions', { [path]: other })).toEqual([
    lacks(7, 1, 6),
    `${path} has the aborted transaction of producer 99 from offset 1 to 6, which no marker there aborts`,
  ])
})

test('leader epochs that did not write the batches', () => {
  expect(
    findings('transactions', { 'txn-0/leader-epoch-checkpoint': () => '0\n1\n5 0\n' }),
  ).toEqual(['txn-0/leader-epoch-checkpoint offset 0 was written in leader epoch 0, not 5'])
})

test('a segment that is missing, and the indexes that it left', () => {
  expect(findings('transactions', { [index(22, 'log')]: gone })).toEqual([
    `note ${index(22, 'index')} has no segment; the next start removes it`,
    `note ${index(22, 'timeindex')} has no segment; the next start removes it`,
    `note ${index(26, 'log')} offsets 22 to 25 before it are missing`,
  ])
})

test('what follows from a damaged batch is not counted twice', () => {
  const flipped = (bytes: Buffer) => {
    bytes[100]! ^= 1
    return bytes
  }
  expect(findings('transactions', { [index(5, 'log')]: flipped })).toEqual([
    expect.stringContaining('the checksum of the batch'),
  ])
})
