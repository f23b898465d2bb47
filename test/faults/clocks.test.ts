/** Clocks that jump, and clocks whose rates differ by a hundredth (R17): leases and data do not mind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, pause, sound } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'

const skew = resolve(import.meta.dirname, '../cluster/skewed-clock.mjs')
const directory = mkdtempSync(join(tmpdir(), 'ottla-clocks-'))
const jumpOf = (name: string) => join(directory, name)
const rates: Readonly<Record<string, string>> = { 'broker-1': '1.01', 'broker-2': '0.99' }
const hourMs = 3_600_000
const names = ['coordinator', 'broker-1', 'broker-2', 'broker-3']

const cluster = new LocalCluster({
  configs: ['log.retention.check.interval.ms=100'],
  place: (name) => ({
    env: {
      NODE_OPTIONS: `--import ${skew}`,
      CLOCK_JUMP: jumpOf(name),
      CLOCK_RATE: rates[name] ?? '1',
    },
  }),
})

const jump = (name: string, how: string) => writeFileSync(jumpOf(name), how)

beforeAll(() => cluster.start(3), 60_000)
afterAll(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
}, 120_000)

test('wall clocks that jump and rates that differ cost no record, and remove none', async () => {
  const faulted = await Faulted.start(cluster, 'clocks', { partitions: 3 })
  const tenYears = 10 * 365 * 24 * hourMs
  for (const how of [`${hourMs}`, `-${hourMs}`, `strobe ${hourMs}`, `${tenYears}`, '0'])
    for (const name of names) {
      jump(name, how)
      await pause(150)
      await faulted.acknowledged()
    }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('a broker that is killed is replaced while clocks differ', async () => {
  const faulted = await Faulted.start(cluster, 'clocks-killed')
  for (const [i, name] of names.entries()) jump(name, `${(i - 2) * hourMs}`)
  const victim = await faulted.leader()
  await cluster.kill(victim)
  await faulted.acknowledged()
  await cluster.startBroker(victim)
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)
