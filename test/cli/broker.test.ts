import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { BrokerConfig } from '../../src/broker/config/broker-config.ts'
import { printEndpoint } from '../../src/broker/config/listeners.ts'
import { brokerInputs } from '../../src/cli/broker-inputs.ts'
import { brokerCommand, sentence } from '../../src/cli/commands/broker.ts'
import { calledAs, type RunningNode } from '../../src/cli/running-broker.ts'

const directory = mkdtempSync(join(tmpdir(), 'ottla-cli-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** A process that keeps what it is told, and a node that starts at once. */
function world(env: Record<string, string> = {}, isTTY = false) {
  const printed = { out: '', err: '' }
  const write = (to: 'out' | 'err', text: string) => {
    printed[to] += text
  }
  const process = Object.assign(new EventEmitter(), {
    env,
    argv: ['node', '/here/dist/ottla.js'],
    cwd: () => '/here',
    exitCode: undefined as number | undefined,
    exited: false,
    exit() {
      process.exited = true
    },
    stdout: { isTTY, on: () => {}, write: (text: string) => write('out', text) },
    stderr: { on: () => {}, write: (text: string) => write('err', text) },
  })
  return { process, printed }
}

async function broker(args: string[], env: Record<string, string> = {}, isTTY = false) {
  const { process, printed } = world(env, isTTY)
  const seen: { config?: BrokerConfig; stopped: number } = { stopped: 0 }
  const start = async (_env: unknown, config: BrokerConfig): Promise<RunningNode> => {
    seen.config = config
    setImmediate(() => process.emit('SIGTERM', 'SIGTERM'))
    return {
      clusterId: 'abc',
      advertised: config.endpoints.advertised.map((one) => ({ ...one, port: one.port || 34567 })),
      async stop() {
        seen.stopped += 1
      },
    }
  }
  await brokerCommand(start, process as never)
    .exitOverride()
    .parseAsync(args, { from: 'user' })
  return { ...printed, ...seen, exitCode: process.exitCode }
}

test('a broker says that it serves, and a clean stop exits with 0', async () => {
  const { out, err, exitCode, stopped } = await broker(['--override', 'node.id=7'])
  expect({ out, err, exitCode, stopped }).toEqual({
    out: '[KafkaRaftServer nodeId=7] Kafka Server started\n',
    err: '',
    exitCode: 0,
    stopped: 1,
  })
})

test('a person is told the address, the data and what to try', async () => {
  const { out } = await broker(['--port', '0', '--data-dir', '/data'], {}, true)
  expect(out.split('\n')).toEqual([
    '[KafkaRaftServer nodeId=1] Kafka Server started',
    '',
    'Ottla serves Kafka clients at 127.0.0.1:34567',
    '  data        /data',
    '  cluster id  abc',
    '',
    'Try in another terminal:',
    '  node dist/ottla.js topics -b 127.0.0.1:34567 create hello',
    "  echo 'hello, world' | node dist/ottla.js produce -b 127.0.0.1:34567 hello",
    '  node dist/ottla.js consume -b 127.0.0.1:34567 hello --from-beginning',
    '',
    'Ctrl-C stops it.',
    '',
    '',
  ])
})

test('flags beat overrides, overrides the environment, the environment files, later files earlier ones', async () => {
  const [one, two] = ['one.properties', 'two.properties'].map((name) => join(directory, name)) as [
    string,
    string,
  ]
  writeFileSync(
    one,
    'num.partitions=1\nnum.io.threads=1\nnum.network.threads=1\nbackground.threads=1\nlog.dirs=one',
  )
  writeFileSync(two, 'num.io.threads=2\nnum.network.threads=2\nbackground.threads=2\nlog.dirs=two')
  const { config } = await broker(
    [
      one,
      '--config',
      two,
      '--override',
      'background.threads=4',
      '--override',
      'log.dirs=four',
      '--data-dir',
      'five',
    ],
    { KAFKA_NUM_NETWORK_THREADS: '3', KAFKA_BACKGROUND_THREADS: '3', KAFKA_HEAP_OPTS: '-Xmx1g' },
  )
  expect([
    config?.get('num.partitions'),
    config?.get('num.io.threads'),
    config?.get('num.network.threads'),
    config?.get('background.threads'),
    config?.logDirs,
    config?.get('offsets.topic.replication.factor'),
  ]).toEqual([1, 2, 3, 4, ['five'], 3])
})

test('--port moves the first listener', () => {
  const port = (listeners: string) =>
    brokerInputs(
      [{ path: 'f', text: `listeners=${listeners}` }],
      {},
      { override: [], port: '7' },
    ).given.at(-1)?.value
  expect([port('A://h:1,B://h:2'), port('A://[::1]:1'), port('A://:0')]).toEqual([
    'A://h:7,B://h:2',
    'A://[::1]:7',
    'A://:7',
  ])
})

test('--coordinator makes a broker of it', async () => {
  const { config } = await broker(['--coordinator', 'c:9093'])
  expect([
    config?.get('process.roles'),
    config?.endpoints.coordinatorServers,
    config?.endpoints.listeners.map(printEndpoint),
  ]).toEqual([['broker'], [{ host: 'c', port: 9093 }], ['PLAINTEXT://127.0.0.1:9092']])
})

test('what is wrong is one sentence, and exit code 1', async () => {
  expect(
    [
      await broker(['--override', 'num.partitions=many']),
      await broker(['/no/such.properties']),
      await broker(['--port', '70000', '--check-config']),
    ].map(({ out, err, exitCode }) => ({ out, err, exitCode })),
  ).toEqual([
    {
      out: '',
      err: 'ottla broker: Invalid value many for configuration num.partitions: Not a number of type INT\n',
      exitCode: 1,
    },
    { out: '', err: 'ottla broker: There is no file /no/such.properties\n', exitCode: 1 },
    {
      out: '',
      err: "ottla broker: --port takes a number from 0 to 65535, not '70000'\n",
      exitCode: 1,
    },
  ])
})

test('unknown keys are told and nothing more', async () => {
  const { err, exitCode, out } = await broker(['--override', 'foo=1', '--check-config'])
  expect({ err, exitCode, out }).toEqual({
    err: 'ottla broker: foo (--override) is not a configuration of a broker: it has no effect\n',
    exitCode: 0,
    out: 'The configuration can be used.\n',
  })
})

test('the configuration is printed with its sources', async () => {
  const { out } = await broker(['--print-config', '--port', '0'], { KAFKA_NUM_PARTITIONS: '3' })
  expect(
    out
      .split('\n\n')
      .slice(0, 3)
      .map((section) => section.split('\n')[0]),
  ).toEqual(['# --port', '# KAFKA_NUM_PARTITIONS', "# Ottla's default"])
})

test('a second interrupt ends it at once', async () => {
  const { process, printed } = world()
  const start = async (): Promise<RunningNode> => {
    setImmediate(() => process.emit('SIGINT', 'SIGINT'))
    setImmediate(() => process.emit('SIGINT', 'SIGINT'))
    return { clusterId: 'abc', advertised: [], stop: () => new Promise(() => {}) }
  }
  await brokerCommand(start, process as never).parseAsync([], { from: 'user' })
  expect([process.exitCode, process.exited, printed.err]).toEqual([130, true, ''])
})

test('failures of the world become sentences', () => {
  const error = (fields: object) => sentence(Object.assign(new Error('raw'), fields))
  expect([
    error({ code: 'EADDRINUSE', address: '127.0.0.1', port: 9092 }),
    error({ code: 'EADDRNOTAVAIL', address: '10.9.9.9' }),
    error({ code: 'EACCES', address: '::', port: 80 }),
    error({ code: 'EISDIR', path: 'x' }),
    error({}),
  ]).toEqual([
    'Port 9092 of 127.0.0.1 is taken by another process; --port takes another one',
    '10.9.9.9 is no address of this machine',
    'Port 80 of :: may not be used: low ports are for privileged users',
    'x is a directory, not a properties file',
    'raw',
  ])
})

test('the commands to try call this program as it was called', () => {
  expect([
    calledAs('/usr/bin/ottla', '/x'),
    calledAs('/x/dist/ottla.js', '/x'),
    calledAs('/y/dist/ottla.js', '/x'),
  ]).toEqual(['ottla', 'node dist/ottla.js', 'node /y/dist/ottla.js'])
})

test('a wrong command line is no failure of the broker', async () => {
  await expect(broker(['--nonsense'])).rejects.toMatchObject({ code: 'commander.unknownOption' })
})
