import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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
