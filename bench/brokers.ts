/** The two that are held against each other, each a process of its own with the same settings. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { atExit } from '../src/cli/bench/at-exit.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import {
  type Daemon,
  endWithThis,
  fateOf,
  scratchDirectory,
  startDaemon,
  stopProcess,
  untilStarted,
} from '../src/cli/bench/daemon.ts'
import { freePort } from '../src/cli/bench/free-port.ts'

export const repository = resolve(import.meta.dirname, '..')
export const realKafka =
  process.env['REAL_KAFKA'] ?? resolve(repository, '../shared/real-kafka/kafka')

/** Beside the data of both, and of the tools: less than this and a run may fill the disk. */
const freeBytesMin = 8e9

/** For both: segments that are full go soon, so that the page cache is used again. */
const settings: Readonly<Record<string, string>> = {
  'log.retention.check.interval.ms': '500',
  'socket.request.max.bytes': '104857600',
  'log.cleaner.backoff.ms': '200',
}

export interface StartOptions {
  /** Brokers; the first one is the target, the topics decide where the load goes. */
  readonly nodes?: number
}

export interface Running extends Daemon {
  /** Stops it cleanly and starts it on the same data; resolves when its port accepts. */
  restart(): Promise<Running>
}

export interface Contender {
  readonly name: string
  /** @throws BenchError when it can never be started here: said before anything is measured */
  check(): void
  /** Starts it on an empty directory, which goes when it is stopped. */
  start(options?: StartOptions): Promise<Running>
}

// Where it is set Node.js reads all of its certificates before anything else, at each start: 40 ms that say
// nothing about a broker without TLS.
delete process.env['NODE_EXTRA_CA_CERTS']

const program = process.env['OTTLA_PROGRAM'] ?? join(repository, 'dist', 'ottla.js')
// For workloads that start it: this process is another program.
process.env['OTTLA_PROGRAM'] = program

export const ottla: Contender = {
  name: 'ottla',
  check() {
    if (!existsSync(program)) throw new BenchError(`${program} is missing: npm run build`)
  },
  async start({ nodes = 1 } = {}) {
    const { dir, remove } = scratchDirectory()
    if (nodes > 1) return ottlaCluster(dir, nodes, remove)
    const run = async (): Promise<Running> => {
      const daemon = await startDaemon(program, dir, settings)
      return {
        ...daemon,
        stop: () => daemon.stop().finally(remove),
        async restart() {
          await daemon.stop()
          return run()
        },
      }
    }
    return run()
  },
}

/** A coordinator and brokers, as `ottla cluster start` has them. */
async function ottlaCluster(dir: string, nodes: number, remove: () => void): Promise<Running> {
  // Broker after broker takes the next port, and the coordinator the one before.
  const port = (await freePort(nodes + 1)) + 1
  const args = ['cluster', 'start', '-n', `${nodes}`, '--data-dir', dir, '--port', `${port}`]
  const ofEnvironment = Object.entries(settings).map(([name, value]) => [
    `KAFKA_${name.replaceAll('.', '_').toUpperCase()}`,
    value,
  ])
  const env = { ...process.env, ...Object.fromEntries(ofEnvironment) }
  const start = performance.now()
  const child = spawn(process.execPath, [program, ...args], { env, cwd: dir })
  // Not by force: it ends the processes that it has started itself.
  const forget = atExit(() => child.kill('SIGTERM'))
  child.once('exit', forget)
  const said = await untilStarted(child, 'Ottla serves')
  const processId = [...said.matchAll(/runs, process (\d+)/g)].map(([, id]) => Number(id))
  const stop = () => stopProcess(child).finally(remove)
  return {
    ...{ host: '127.0.0.1', port, dir, processId, startedMs: performance.now() - start },
    ...{ stop, restart: notRestarted, fate: fateOf(child) },
  }
}

const notRestarted = (): Promise<never> =>
  Promise.reject(new BenchError('Only a single broker is restarted'))

function kafkaScript(args: string[]): void {
  const env = { ...process.env, KAFKA_HEAP: process.env['KAFKA_HEAP'] ?? '1g' }
  const { status, stderr, error } = spawnSync(realKafka, args, {
    ...{ env, timeout: 180_000, stdio: ['ignore', 'ignore', 'pipe'] },
  })
  if (error !== undefined) throw new BenchError(`${realKafka}: ${error.message}`)
  if (status !== 0) throw new BenchError(`${realKafka} ${args[0]} ended with ${status}: ${stderr}`)
}

export const kafka: Contender = {
  name: 'kafka',
  check() {
    if (!existsSync(realKafka)) throw new BenchError(`${realKafka} is missing: set REAL_KAFKA`)
  },
  async start({ nodes = 1 } = {}) {
    const { dir, remove } = scratchDirectory()
    // Its controller takes the port after it, further nodes those behind.
    const port = await freePort(10 * nodes)
    const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
    kafkaScript(['fetch'])
    const ids = Array.from({ length: nodes }, (_, i) => i + 1)
    const forget = atExit(() => kafkaScript(['stop', dir]))
    const running = (startedMs: number): Running => {
      const processId = ids.map((id) => Number(readFileSync(join(dir, `pid${id}`), 'utf8')))
      return {
        ...{ host: '127.0.0.1', port, dir, processId, startedMs },
        async stop() {
          kafkaScript(['stop', dir])
          forget()
          remove()
        },
        async restart() {
          kafkaScript(['stop', dir])
          const start = performance.now()
          for (const id of ids) kafkaScript(['node', dir, `${id}`])
          await untilAccepting(port, () => false)
          return running(performance.now() - start)
        },
      }
    }
    const start = performance.now()
    try {
      kafkaScript(['start', dir, '-n', `${nodes}`, '-p', `${port}`, ...pairs])
    } catch (error) {
      kafkaScript(['stop', dir])
      forget()
      remove()
      throw error
    }
    return running(performance.now() - start)
  },
}

/**
 * What the user names: the address of a running broker, or a command that starts one. The command is
 * told `PORT` and `DATA_DIR` in its environment, and is ended by SIGTERM.
 */
export function other(against: string): Contender {
  const [, host = '', port = ''] = /^([^\s:]+):(\d+)$/.exec(against) ?? []
  const name = host === '' ? 'other' : against
  return {
    name,
    check() {},
    async start({ nodes = 1 } = {}) {
      if (nodes > 1) throw new BenchError(`${name} is one broker, this row needs ${nodes}`)
      const { dir, remove } = scratchDirectory()
      const target = { host, port: Number(port), dir, processId: undefined, startedMs: Number.NaN }
      if (host !== '') return { ...target, stop: async () => remove(), restart: notRestarted }
      return commanded(against, dir, remove)
    },
  }
}

async function commanded(command: string, dir: string, remove: () => void): Promise<Running> {
  const port = await freePort()
  const start = performance.now()
  const env = { ...process.env, PORT: `${port}`, DATA_DIR: join(dir, 'data') }
  const child = spawn(`exec ${command}`, { shell: true, env, stdio: 'inherit' })
  endWithThis(child)
  try {
    await untilAccepting(port, () => child.exitCode !== null)
  } catch (error) {
    await stopProcess(child).finally(remove)
    throw error
  }
  return {
    ...{ host: '127.0.0.1', port, dir, processId: child.pid },
    startedMs: performance.now() - start,
    stop: () => stopProcess(child).finally(remove),
    async restart() {
      await stopProcess(child)
      return commanded(command, dir, remove)
    },
  }
}

async function untilAccepting(port: number, ended: () => boolean): Promise<void> {
  const until = Date.now() + 120_000
  for (;;) {
    const accepted = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => done(true)).on('error', () => done(false))
      socket.on('connect', () => socket.destroy())
    })
    if (accepted) return
    if (ended()) throw new BenchError('The command of --against ended')
    if (Date.now() > until) throw new BenchError(`Nobody listened on PORT=${port} within 120 s`)
    await new Promise((done) => setTimeout(done, 5))
  }
}

/**
 * Writes and removes a file beside the data, so that the pages which the coming load will use are
 * the machine's own by then and not its host's: a first touch costs ten times as much.
 */
export function recyclePages(dir: string, bytes = 512 * 1024 * 1024): void {
  const file = join(dir, 'recycled')
  writeFileSync(file, Buffer.alloc(bytes, 1))
  rmSync(file)
}

/** @throws BenchError when the disk is nearly full: a benchmark must not be what fills it */
export function requireSpace(): void {
  const { bsize, bavail } = statfsSync(tmpdir())
  if (bsize * bavail < freeBytesMin)
    throw new BenchError(
      `${tmpdir()} has ${bsize * bavail} bytes free, ${freeBytesMin} are needed; TMPDIR=… moves it`,
    )
}
