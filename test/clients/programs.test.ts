/** Kafka's own programs that are built on its clients: Streams, Connect and MirrorMaker, at their default settings. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { createTopic } from './admin.ts'
import { type Running, run, start } from './process.ts'
import { startTarget, type Target } from './target.ts'
import { realKafka, repository } from './tools.ts'

const directory = mkdtempSync(join(tmpdir(), 'ottla-programs-'))
let [from, to]: Target[] = []
const running: Running[] = []

beforeAll(async () => {
  ;[from, to] = await Promise.all([startTarget(), startTarget()])
})
afterAll(async () => {
  for (const program of running) await program.kill()
  for (const target of [from, to]) await target?.remove()
  rmSync(directory, { recursive: true, force: true })
})

/** A main class of Kafka with a file of properties, until the tests end; standard output and errors go to one file. */
function program(name: string, main: string, properties: Record<string, string | number>): string {
  const file = join(directory, `${name}.properties`)
  writeFileSync(
    file,
    Object.entries(properties)
      .map((pair) => `${pair.join('=')}\n`)
      .join(''),
  )
  const log = join(directory, `${name}.log`)
  const command = `exec "$0" class ${main} "$1" > "$2" 2>&1`
  running.push(start('bash', ['-c', command, realKafka, file, log], { KAFKA_TOOL_HEAP: '384m' }))
  return log
}

const complaints = (log: string) =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /\] (ERROR|FATAL) /.test(line))

const ottla = async (args: string[], input = '') => {
  const { stdout } = await run(process.execPath, [join(repository, 'dist/ottla.js'), ...args], {
    input,
  })
  return stdout.toString().split('\n').filter(Boolean)
}
const produce = ({ bootstrap }: Target, topic: string, lines: string[]) =>
  ottla(['-P', '-b', bootstrap, '-t', topic], lines.map((line) => `${line}\n`).join(''))
const consume = ({ bootstrap }: Target, topic: string, ...options: string[]) =>
  ottla(['-C', '-b', bootstrap, '-t', topic, '-e', '-q', ...options])

// Each is a Java machine of its own, and some start more than once.
const patience = { timeout: 150_000 }

describe.concurrent('at default settings', { timeout: 400_000 }, () => {
  test('Streams counts words: repartition and changelog topics are made, and its group commits', async ({
    expect,
  }) => {
    await createTopic(from!, 'streams-plaintext-input', { partitions: 2 })
    await createTopic(from!, 'streams-wordcount-output', { partitions: 1 })
    await produce(from!, 'streams-plaintext-input', [
      'all streams lead to kafka',
      'hello kafka streams',
    ])
    const log = program('streams', 'org.apache.kafka.streams.examples.wordcount.WordCountDemo', {
      'bootstrap.servers': from!.bootstrap,
      'state.dir': join(directory, 'state'),
    })
    const format = ['-s', 'value=q', '-f', '%k=%s\\n']
    const counted = () => consume(from!, 'streams-wordcount-output', ...format)
    const ofThis = ['all=1', 'hello=1', 'kafka=2', 'lead=1', 'streams=2', 'to=1']
    await expect.poll(counted, patience).toEqual(expect.arrayContaining(ofThis))
    await produce(from!, 'streams-plaintext-input', ['join kafka summit'])
    await expect.poll(counted, patience).toEqual(expect.arrayContaining(['kafka=3', 'summit=1']))
    expect(complaints(log)).toEqual([])
  })

  test('Connect moves lines from a file to a topic and on to a file, and keeps where it is', async ({
    expect,
  }) => {
    const port = await freePort()
    const [input, output] = [join(directory, 'in.txt'), join(directory, 'out.txt')]
    writeFileSync(input, 'one\ntwo\n')
    const storage = (name: string) => ({
      [`${name}.storage.topic`]: `connect-${name}`,
      [`${name}.storage.replication.factor`]: 1,
    })
    const log = program('connect', 'org.apache.kafka.connect.cli.ConnectDistributed', {
      'bootstrap.servers': from!.bootstrap,
      'group.id': 'connect-cluster',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.flush.interval.ms': 1000,
      listeners: `http://127.0.0.1:${port}`,
      ...storage('offset'),
      ...storage('config'),
      ...storage('status'),
    })
    const ask = async (method: string, path: string, body?: object) => {
      const headers = { 'content-type': 'application/json' }
      const request = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) }
      const response = await fetch(`http://127.0.0.1:${port}${path}`, request)
      return response.ok ? await response.text() : `${response.status}`
    }
    await expect.poll(() => ask('GET', '/connectors').catch(String), patience).toBe('[]')
    const connector = (name: string, config: object) =>
      ask('POST', '/connectors', { name, config: { 'tasks.max': 1, ...config } })
    const file = 'org.apache.kafka.connect.file.FileStream'
    await connector('source', {
      ...{ 'connector.class': `${file}SourceConnector`, file: input, topic: 'lines' },
    })
    await connector('sink', {
      ...{ 'connector.class': `${file}SinkConnector`, file: output, topics: 'lines' },
    })
    const written = () => (existsSync(output) ? readFileSync(output, 'utf8') : '')
    await expect.poll(written, patience).toBe('one\ntwo\n')
    const committed = () => ask('GET', '/connectors/source/offsets').then(JSON.parse)
    await expect
      .poll(committed, patience)
      .toEqual({ offsets: [{ partition: { filename: input }, offset: { position: 8 } }] })
    await ask('PUT', '/connectors/sink/stop')
    const reset = () => ask('DELETE', '/connectors/sink/offsets')
    await expect.poll(reset, patience).toContain('have been reset successfully')
    expect(complaints(log)).toEqual([])
  })

  test('MirrorMaker copies topics and the offsets of groups to another cluster', async ({
    expect,
  }) => {
    mkdirSync(join(directory, 'mirror'))
    await createTopic(from!, 'mirrored', { partitions: 1 })
    const values = Array.from({ length: 50 }, (_, i) => `value ${i}`)
    await produce(from!, 'mirrored', values)
    const group = ['consume', 'mirrored', '-b', from!.bootstrap, '--group', 'readers']
    expect(await ottla([...group, '--from-beginning', '--count', '50'])).toEqual(values)
    const factors = ['checkpoints.topic', 'heartbeats.topic', 'offset-syncs.topic']
    const storages = ['offset', 'status', 'config'].map((name) => `${name}.storage`)
    const log = program('mirror', 'org.apache.kafka.connect.mirror.MirrorMaker', {
      clusters: 'a,b',
      'a.bootstrap.servers': from!.bootstrap,
      'b.bootstrap.servers': to!.bootstrap,
      'a->b.enabled': 'true',
      'a->b.topics': 'mirrored',
      'b->a.enabled': 'false',
      'replication.factor': 1,
      ...Object.fromEntries(
        [...factors, ...storages].map((name) => [`${name}.replication.factor`, 1]),
      ),
      'emit.checkpoints.interval.seconds': 1,
      'sync.group.offsets.enabled': 'true',
      'sync.group.offsets.interval.seconds': 1,
    })
    await expect.poll(() => consume(to!, 'a.mirrored'), patience).toEqual(values)
    const lag = ['groups', 'lag', 'readers', '-b', to!.bootstrap, '--format', 'json']
    const groups = () => ottla(lag).then((lines) => lines.join(''), String)
    await expect.poll(groups, patience).toContain('readers')
    expect(complaints(log)).toEqual([])
  })
})
