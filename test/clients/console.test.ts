/** Kafka's own command-line tools, as scripts use them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopic } from './admin.ts'
import { run } from './process.ts'
import { startTarget, type Target } from './target.ts'
import { kafkaTool } from './tools.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await target?.remove()
})

const tool = async (name: string, args: string[], input = '') => {
  const where = ['--bootstrap-server', target.bootstrap]
  const { stdout } = await kafkaTool([name, ...where, ...args], { input })
  return stdout.toString()
}

test('api-versions lists every API by its name, none of them unknown or unsupported by Java', async () => {
  const text = await tool('api-versions', [])
  const apis = [...text.matchAll(/^\s+(\w+)\((\d+)\): (.*?),?$/gm)]
  const of = (name: string) => apis.find(([, found]) => found === name)?.[3]
  expect({
    first: text.split('\n')[0],
    produce: of('Produce'),
    fetch: of('Fetch'),
    metadata: of('Metadata'),
    unknown: apis.filter(([, name]) => name === 'UNKNOWN').map(([line]) => line.trim()),
  }).toEqual({
    first: `${target.bootstrap} (id: 1 rack: null isFenced: false) -> (`,
    produce: '0 to 13 [usable: 13]',
    fetch: '4 to 18 [usable: 18]',
    metadata: '0 to 13 [usable: 13]',
    unknown: [],
  })
})

test('topics creates, describes, lists, enlarges and deletes', async () => {
  await tool('topics', [
    ...['--create', '--topic', 'described', '--partitions', '2', '--replication-factor', '1'],
    ...['--config', 'retention.ms=3600000'],
  ])
  const fields = (text: string) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.trim().replace(/TopicId: \S+/, 'TopicId: (an id)'))
      .map((line) => line.split('\t').map((field) => field.trim()))
  const described = await tool('topics', ['--describe', '--topic', 'described'])
  const partition = (index: number) => [
    ...['Topic: described', `Partition: ${index}`, 'Leader: 1', 'Replicas: 1', 'Isr: 1'],
    ...['Elr:', 'LastKnownElr:'],
  ]
  expect(fields(described)).toEqual([
    [
      ...['Topic: described', 'TopicId: (an id)', 'PartitionCount: 2', 'ReplicationFactor: 1'],
      expect.stringContaining('retention.ms=3600000'),
    ],
    partition(0),
    partition(1),
  ])
  await tool('topics', ['--alter', '--topic', 'described', '--partitions', '4'])
  const now = await tool('topics', ['--describe', '--topic', 'described'])
  expect(now).toContain('PartitionCount: 4')
  expect((await tool('topics', ['--list'])).split('\n')).toContain('described')
  await tool('topics', ['--delete', '--topic', 'described'])
  expect((await tool('topics', ['--list'])).split('\n')).not.toContain('described')
})

test('console-producer writes lines, get-offsets counts them, delete-records moves the start', async () => {
  await createTopic(target, 'lines', { partitions: 1 })
  const numbers = Array.from({ length: 1000 }, (_, i) => `line ${i}`)
  await tool('console-producer', ['--topic', 'lines'], `${numbers.join('\n')}\n`)
  const ends = await tool('get-offsets', ['--topic', 'lines'])
  const starts = await tool('get-offsets', ['--topic', 'lines', '--time', 'earliest'])
  const atMax = await tool('get-offsets', ['--topic', 'lines', '--time', 'max-timestamp'])
  expect([ends, starts]).toEqual(['lines:0:1000\n', 'lines:0:0\n'])
  expect(atMax).toMatch(/^lines:0:\d+\n$/)
  const request = { partitions: [{ topic: 'lines', partition: 0, offset: 400 }], version: 1 }
  const file = join(mkdtempSync(join(tmpdir(), 'ottla-clients-')), 'offsets.json')
  writeFileSync(file, JSON.stringify(request))
  const deleted = await tool('delete-records', ['--offset-json-file', file])
  rmSync(dirname(file), { recursive: true })
  expect(deleted).toContain('low_watermark: 400')
  expect(await tool('get-offsets', ['--topic', 'lines', '--time', '-2'])).toBe('lines:0:400\n')
  const read = await tool('console-consumer', [
    ...['--topic', 'lines', '--partition', '0', '--offset', 'earliest', '--max-messages', '600'],
    ...['--timeout-ms', '20000'],
  ])
  expect(read.split('\n').filter(Boolean)).toEqual(numbers.slice(400))
})

test('configs shows what a topic was made with', async () => {
  const configs = { 'max.message.bytes': '2000', 'cleanup.policy': 'compact' }
  await createTopic(target, 'configured', { partitions: 1, configs })
  const entity = ['--entity-type', 'topics', '--entity-name', 'configured']
  const text = await tool('configs', ['--describe', ...entity])
  const found = [...text.matchAll(/^ {2}(\S+)=(\S*) sensitive=/gm)].map(([, key, value]) => [
    key,
    value,
  ])
  expect(Object.fromEntries(found)).toEqual(configs)
})

test('kcat shows the metadata of a topic', async () => {
  await createTopic(target, 'shown', { partitions: 2 })
  const { stdout } = await run('kcat', ['-L', '-J', '-b', target.bootstrap, '-t', 'shown'])
  const { brokers, topics } = JSON.parse(stdout.toString())
  const partition = (index: number) => ({
    ...{ partition: index, leader: 1 },
    ...{ replicas: [{ id: 1 }], isrs: [{ id: 1 }] },
  })
  expect({ brokers, topics }).toEqual({
    brokers: [{ id: 1, name: target.bootstrap }],
    topics: [{ topic: 'shown', partitions: [partition(0), partition(1)] }],
  })
})
