/** `ottla cluster start`: a coordinator and brokers as processes of this machine, for trying out. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { integer } from '../arguments.ts'
import { Failure } from '../failure.ts'

interface Options {
  readonly brokers: number
  readonly dataDir: string
  readonly port: number
}

const startMaxMs = 30_000
const started = 'Kafka Server started'

export function registerClusterStart(cluster: Command): void {
  cluster
    .command('start')
    .description('Run a local cluster of several processes, for trying out')
    .option('-n, --brokers <n>', 'how many brokers', integer(1), 3)
    .option('--data-dir <dir>', 'where the data lies', 'ottla-cluster')
    .option(
      '--port <number>',
      'of the first broker; the coordinator has the one before',
      integer(2),
      9092,
    )
    .addHelpText(
      'after',
      '\nCtrl-C stops all of it. Kill one broker with the process id that is printed to see a failover.\n\nExamples:\n  ottla cluster start -n 3 --data-dir /tmp/three',
    )
    .action(run)
}

async function run({ brokers, dataDir, port }: Options): Promise<void> {
  const directory = resolve(dataDir)
  mkdirSync(directory, { recursive: true })
  const coordinator = `127.0.0.1:${port - 1}`
  const children: ChildProcess[] = []
  const begin = async (name: string, args: readonly string[]) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Ctrl-C of a terminal goes to all of its processes: these are stopped one after the other.
      detached: true,
    })
    children.push(child)
    await untilStarted(name, child)
    process.stdout.write(`${name} runs, process ${child.pid}\n`)
    child.once('exit', (code, signal) => {
      process.stdout.write(`${name} ended (${signal ?? code})\n`)
    })
  }
  const ended = untilSignal(children)
  try {
    const data = join(directory, 'coordinator')
    await begin('coordinator', ['coordinator', '--listen', coordinator, '--data-dir', data])
    const ids = Array.from({ length: brokers }, (_, i) => i + 1)
    await Promise.all(
      ids.map((id) =>
        begin(`broker ${id}`, brokerArgs(id, port + id - 1, directory, coordinator, brokers)),
      ),
    )
    process.stdout.write(`Ottla serves Kafka clients at 127.0.0.1:${port}\n`)
  } catch (error) {
    for (const child of children) child.kill('SIGTERM')
    throw error
  }
  await ended
}

function brokerArgs(
  id: number,
  port: number,
  directory: string,
  coordinator: string,
  brokers: number,
): string[] {
  const replicas = Math.min(3, brokers)
  const configs = [
    'process.roles=broker',
    `node.id=${id}`,
    `listeners=PLAINTEXT://127.0.0.1:${port}`,
    `log.dirs=${join(directory, `broker-${id}`)}`,
    `default.replication.factor=${replicas}`,
    `offsets.topic.replication.factor=${replicas}`,
    `transaction.state.log.replication.factor=${replicas}`,
  ]
  return [
    'broker',
    '--coordinator',
    coordinator,
    ...configs.flatMap((config) => ['--override', config]),
  ]
}

function untilStarted(name: string, child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Failure(`${name} does not start`)), startMaxMs)
    const gone = () => {
      clearTimeout(timer)
      fail(new Failure(`${name} did not start`))
    }
    child.once('exit', gone)
    child.stdout?.on('data', (chunk: Buffer) => {
      if (!chunk.toString().includes(started)) return
      clearTimeout(timer)
      child.off('exit', gone)
      done()
    })
  })
}

/** Brokers first, so that they can hand over; the coordinator, which was started first, last. */
function untilSignal(children: readonly ChildProcess[]): Promise<void> {
  return new Promise((done) => {
    const stop = async () => {
      const [coordinator, ...brokers] = children
      await Promise.all(brokers.map(ended))
      if (coordinator) await ended(coordinator)
      done()
    }
    process.once('SIGINT', () => void stop())
    process.once('SIGTERM', () => void stop())
  })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((done) => {
    child.once('exit', () => done())
    child.kill('SIGTERM')
  })
}
