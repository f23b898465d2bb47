import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileNameOf } from './shrink.ts'
import { Simulation } from './simulation.ts'

const directory = join(import.meta.dirname, 'regress')
const kept = readdirSync(directory).filter((name) => name.endsWith('.json'))

test.each(kept)(
  'what went wrong once does not any more: %s',
  async (name) => {
    const { plan } = JSON.parse(readFileSync(join(directory, name), 'utf8'))
    expect((await new Simulation(plan).run()).failure).toBeUndefined()
  },
  120_000,
)

test('a schedule is kept under a name, whatever its failure says', () => {
  const names = ['S1: orders-0: b1 and b2 may answer', 'Deleting /data/passing-0 failed: EIO']
  expect(names.map((failure) => fileNameOf(failure, 7))).toEqual([
    's1-7.json',
    'deleting-data-passing-0-failed-7.json',
  ])
})
