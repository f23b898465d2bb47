/** `ottla bench failover` with one round of each fault. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { faultKinds } from '../../src/cli/bench/failover/failover.ts'

const program = resolve(import.meta.dirname, '../../dist/ottla.js')
const run = promisify(execFile)

for (const kind of faultKinds)
  test(`a round of ${kind} tells a gap and fails no record`, async () => {
    const args = ['bench', 'failover', '--kills', '1', '--kind', kind, '--json']
    const { stdout } = await run(process.execPath, [program, ...args], { timeout: 150_000 })
    const { workload, parameters, figures } = JSON.parse(stdout)
    expect([workload, parameters.kind, figures.failed]).toEqual(['failover', kind, 0])
    expect(figures.gapMaxMs).toBeGreaterThan(0)
    expect(figures.acknowledged).toBeGreaterThan(400)
  })
