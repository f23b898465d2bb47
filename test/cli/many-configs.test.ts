/** Configurations of everything there is are asked for with few requests. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { type OlderBroker, startOlderBroker } from '../client/older-broker.ts'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000 })

let cli: Bundled
let broker: OlderBroker
beforeAll(async () => {
  // As Kafka 3.0 has them: what the command line needs here.
  const ranges = { 3: 11, 18: 3, 19: 7, 32: 4, 44: 1, 60: 0 }
  ;[cli, broker] = await Promise.all([bundleCli(), startOlderBroker(ranges)])
})
afterAll(async () => {
  cli?.remove()
  await broker?.stop()
})

const ottla = (...args: string[]) => cli.run([...args, '-b', `127.0.0.1:${broker.port}`])
const names = Array.from({ length: 450 }, (_, i) => `topic-${String(i).padStart(3, '0')}`)

test('450 topics are described with three requests, each with its own configurations', async () => {
  expect((await ottla('topics', 'create', ...names, '--partitions', '1')).exit).toBe(0)
  for (const name of ['topic-000', 'topic-449'])
    await ottla('configs', 'set', name, `retention.ms=7${name.slice(-3)}`)
  const before = broker.asked.get(DescribeConfigs.key) ?? 0
  const { exit, stdout } = await ottla('configs', 'describe', '--format', 'json')
  const asked = broker.asked.get(DescribeConfigs.key)! - before
  const { resources } = JSON.parse(stdout)
  const found = resources.map(({ name, configs }: any) => [
    name,
    ...configs
      .filter((config: any) => config.name === 'retention.ms')
      .map(({ value }: any) => value),
  ])
  const own: Record<string, string> = { 'topic-000': '7000', 'topic-449': '7449' }
  expect([exit, asked, found]).toEqual([
    0,
    3,
    names.map((name) => (own[name] ? [name, own[name]] : [name])),
  ])
})

test('all brokers: each is asked for its own, and one of them for what all have', async () => {
  const before = broker.asked.get(DescribeConfigs.key) ?? 0
  const { stdout } = await ottla('configs', 'describe', '--type', 'broker', '--format', 'json')
  const { resources } = JSON.parse(stdout)
  expect([
    broker.asked.get(DescribeConfigs.key)! - before,
    resources.map(({ name }: any) => name),
  ]).toEqual([2, ['1', '']])
})
