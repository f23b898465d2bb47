/** The command line against a real Kafka of 2024: the versions it speaks are older than ours. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { administer } from '../cli/administer.ts'
import { run } from './process.ts'
import { olderKafka, realKafka, repository } from './tools.ts'

const dir = mkdtempSync(join(tmpdir(), 'ottla-older-kafka-'))
const env = { REAL_KAFKA_HOME: olderKafka, KAFKA_HEAP: '512m' }
let bootstrap: string

beforeAll(async () => {
  const port = await freePort(2)
  bootstrap = `127.0.0.1:${port}`
  await run(realKafka, ['start', dir, '-p', `${port}`], { env, timeoutMs: 120_000 })
})
afterAll(async () => {
  await run(realKafka, ['stop', dir], { timeoutMs: 120_000 }).catch(() => {})
  rmSync(dir, { recursive: true, force: true })
})

async function ottla(line: string, input = ''): Promise<string> {
  const program = join(repository, 'dist', 'ottla.js')
  const args = [program, ...line.split(' '), '-b', bootstrap]
  return (await run(process.execPath, args, { input })).stdout.toString()
}

test('Kafka 3.9 is administered, written to and read from', async () => {
  await administer(ottla, 'zstd')
})

test('Kafka 3.9 is shown by every command that shows', async () => {
  await ottla('topics create shown --partitions 2')
  await ottla('produce shown -q --key-delimiter :', 'k:v\nk:w\n')
  await ottla('consume shown --from-beginning --exit --group readers')
  const lines = [
    ...['topics describe shown', 'configs describe shown --all --docs', 'configs describe'],
    ...['configs describe --type broker', 'configs describe --type client-metrics'],
    ...['groups list', 'groups members readers', 'groups lag'],
    ...['offsets shown', 'offsets shown --at -1h', 'cluster info', 'cluster brokers'],
    ...['cluster health', 'cluster api-versions', 'cluster features', 'cluster quorum'],
    ...['cluster logdirs', 'users list', 'quotas describe', 'txn list', 'txn producers shown:0'],
    ...['connect-check', '-L', '-Q -t shown:0:-1', '-C -e -q -J -t shown'],
    '-G more -q -e -o beginning shown',
  ]
  for (const line of lines) expect([line, (await ottla(line)).length > 0]).toEqual([line, true])
})
