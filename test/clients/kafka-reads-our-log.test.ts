/**
 * Kafka's own code reads what Ottla writes: its dump tool with all index checks, and a broker that is given our
 * partition directories in place of its own.
 */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildBatch, type NewBatch } from '../../protocol/build-batch.ts'
import { codecs } from '../../protocol/compression.ts'
import { buildTransactionMarker } from '../../protocol/control-record.ts'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { nodeEnv } from '../../src/env/node.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { run } from './process.ts'
import { kafkaTool, realKafka } from './tools.ts'

const topics = ['plain', 'codecs', 'transactions', 'compacted'] as const
type Topic = (typeof topics)[number]
const configs: Record<Topic, Partial<LogConfig>> = {
  plain: { segmentBytes: 20_000, indexIntervalBytes: 1000 },
  codecs: {},
  transactions: { segmentBytes: 2000, indexIntervalBytes: 500 },
  compacted: {
    segmentBytes: 10_000,
    indexIntervalBytes: 500,
    cleanupPolicy: { delete: false, compact: true },
  },
}
const scratch = mkdtempSync(join(tmpdir(), 'ottla-reads-'))
const ours = join(scratch, 'ours')
const kafka = join(scratch, 'kafka')
/** What a read_committed consumer has to see, as `console-consumer` prints it. */
const expected = new Map<Topic, string[]>()

function append(log: Log, count: number, rest: Partial<NewBatch> = {}): string[] {
  const first = log.logEndOffset
  const records = Array.from({ length: count }, (_, i) => ({
    timestamp: 1_700_000_000_000 + first + i,
    key: Buffer.from(`key-${(first + i) % 7}`),
    value: Buffer.from(`value ${first + i} ${'x'.repeat(100)}`),
  }))
  const outcome = log.stageAsLeader(buildBatch({ records, ...rest }), {
    leaderEpoch: 0,
    origin: 'client',
  })
  expect(outcome).toMatchObject({ errorCode: 0 })
  log.writeStaged()
  return records.map(({ key, value }, i) => `Offset:${first + i}\t${key}\t${value}`)
}

const batchOf = (producerId: number, baseSequence: number): Partial<NewBatch> => ({
  producerId,
  producerEpoch: 0,
  baseSequence,
})

function fill(logs: ReadonlyMap<Topic, Log>): void {
  const plain = logs.get('plain')!
  const lines: string[] = []
  for (let i = 0; i < 60; i++) lines.push(...append(plain, 10, batchOf(1000, i * 10)))
  expected.set('plain', lines)
  const each = Object.values(codecs).flatMap((codec) => append(logs.get('codecs')!, 20, { codec }))
  expected.set('codecs', each)
  const log = logs.get('transactions')!
  const seen: string[] = []
  for (let i = 0; i < 12; i++) {
    const commit = i % 3 !== 1
    const written = append(log, 3, { ...batchOf(2000, i * 3), transactional: true })
    if (commit) seen.push(...written)
    const timestamp = 1_700_000_000_000 + log.logEndOffset
    const marker = { producerId: 2000, producerEpoch: 0, coordinatorEpoch: 0, timestamp, commit }
    log.stageAsLeader(buildTransactionMarker(marker), { leaderEpoch: 0, origin: 'coordinator' })
    log.writeStaged()
    seen.push(...append(log, 1))
  }
  expected.set('transactions', seen)
  const compacted = logs.get('compacted')!
  const all: string[] = []
  for (let i = 0; i < 40; i++) all.push(...append(compacted, 10))
  compacted.roll()
  expected.set('compacted', all.slice(-7))
}

beforeAll(async () => {
  const env = nodeEnv({ level: 'silent' })
  const manager = await LogManager.open(env, {
    directories: [ours],
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    nodeId: 1,
    configOf: (topic) => ({
      ...defaultLogConfig,
      retentionMs: Infinity,
      ...configs[topic as Topic],
    }),
  })
  const logs = new Map(
    topics.map((topic, i) => [topic, manager.create(topic, 0, `AAAAAAAAAAAAAAAAAAAA${i}Q`)]),
  )
  fill(logs)
  for (const log of logs.values()) log.highWatermark = log.logEndOffset
  await manager.maintain()
  await manager.close()
})

afterAll(async () => {
  await run(realKafka, ['stop', kafka], { timeoutMs: 120_000 }).catch(() => {})
  rmSync(scratch, { recursive: true, force: true })
})

const dumpable = /\.(log|index|timeindex|txnindex|snapshot)$/
const complaint = /Mismatch|mismatch|out of order|isvalid: false|Exception|corrupt/i

test.each(topics)("Kafka's dump tool has no complaint about %s", async (topic) => {
  const directory = join(ours, `${topic}-0`)
  const names = readdirSync(directory).filter((name) => dumpable.test(name))
  const files = names.map((name) => join(directory, name)).join(',')
  const { stdout, stderr } = await kafkaTool([
    'dump-log',
    '--deep-iteration',
    '--print-data-log',
    '--files',
    files,
  ])
  const dumped = stdout
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('Dumping '))
  expect(dumped).toHaveLength(names.length)
  expect(`${stdout}${stderr}`.split('\n').filter((line) => complaint.test(line))).toEqual([])
})

test('a Kafka broker that is given our partitions serves every record', async () => {
  const port = await freePort(2)
  const bootstrap = ['--bootstrap-server', `127.0.0.1:${port}`]
  const env = { KAFKA_HEAP: '512m' }
  const start = () => run(realKafka, ['start', kafka, '-p', `${port}`], { env, timeoutMs: 120_000 })
  await start()
  for (const topic of topics)
    await kafkaTool([
      'topics',
      ...bootstrap,
      '--create',
      '--topic',
      topic,
      '--config',
      'retention.ms=-1',
    ])
  await run(realKafka, ['stop', kafka], { timeoutMs: 120_000 })
  for (const topic of topics) replaceFiles(topic)
  await start()
  for (const topic of topics) expect(await consumed(topic, bootstrap)).toEqual(expected.get(topic))
})

/** All files of a partition but the one that has the id of Kafka's topic. */
function replaceFiles(topic: Topic): void {
  const [from, to] = [join(ours, `${topic}-0`), join(kafka, 'data1', `${topic}-0`)]
  const moved = (name: string) => name !== 'partition.metadata'
  for (const name of readdirSync(to).filter(moved)) unlinkSync(join(to, name))
  for (const name of readdirSync(from).filter((name) => moved(name) && !/deleted$/.test(name)))
    copyFileSync(join(from, name), join(to, name))
}

async function consumed(topic: Topic, bootstrap: readonly string[]): Promise<string[]> {
  const { stdout } = await kafkaTool([
    'console-consumer',
    ...bootstrap,
    ...['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
    ...['--formatter-property', 'print.offset=true', '--formatter-property', 'print.key=true'],
    ...['--timeout-ms', '20000', '--max-messages', `${expected.get(topic)!.length}`],
  ])
  return stdout.toString().trimEnd().split('\n')
}
