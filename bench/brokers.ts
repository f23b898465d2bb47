/** The two that are held against each other, each a process of its own with the same settings. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import { type Daemon, freePort, scratchDirectory, startDaemon } from '../src/cli/bench/daemon.ts'

export const repository = resolve(import.meta.dirname, '..')
export const realKafka =
  process.env['REAL_KAFKA'] ?? resolve(repository, '../shared/real-kafka/kafka')

/** For both: segments that are full go soon, so that the page cache is used again. */
const settings = {
  'log.retention.check.interval.ms': '500',
  'num.partitions': '1',
  'socket.request.max.bytes': '104857600',
}

export interface Contender {
  readonly name: string
  /** Starts it on an empty directory. `configs` are broker configurations beyond the common ones. */
  start(configs?: Record<string, string>): Promise<Daemon>
}

export const ottla: Contender = {
  name: 'ottla',
  async start(configs = {}) {
    const program = process.env['OTTLA_PROGRAM'] ?? join(repository, 'dist', 'ottla.js')
    if (!existsSync(program)) throw new BenchError(`${program} is missing: npm run build`)
    const scratch = scratchDirectory()
    const daemon = await startDaemon(program, scratch.dir, { ...settings, ...configs })
    return { ...daemon, stop: () => daemon.stop().finally(scratch.remove) }
  },
}

function kafkaScript(args: string[]): string {
  const env = { ...process.env, KAFKA_HEAP: process.env['KAFKA_HEAP'] ?? '1g' }
  const { status, stdout, stderr, error } = spawnSync(realKafka, args, { env, timeout: 120_000 })
  if (error !== undefined) throw new BenchError(`${realKafka}: ${error.message}`)
  if (status !== 0) throw new BenchError(`${realKafka} ${args[0]} ended with ${status}: ${stderr}`)
  return `${stdout}`
}

export const kafka: Contender = {
  name: 'kafka',
  async start(configs = {}) {
    if (!existsSync(realKafka)) throw new BenchError(`${realKafka} is missing: set REAL_KAFKA`)
    const { dir, remove } = scratchDirectory()
    // Its controller takes the port after it.
    const port = Math.min(await freePort(), 65_000)
    const given = Object.entries({ ...settings, ...configs })
    const pairs = given.map(([key, value]) => `${key}=${value}`)
    kafkaScript(['fetch'])
    const start = performance.now()
    kafkaScript(['start', dir, '-p', `${port}`, ...pairs])
    return {
      ...{ host: '127.0.0.1', port, dir },
      processId: Number(readFileSync(join(dir, 'pid1'), 'utf8')),
      startedMs: performance.now() - start,
      async stop() {
        kafkaScript(['stop', dir])
        remove()
      },
    }
  },
}

/**
 * What the user names: the address of a running broker, or a command that starts one. The command is
 * told `PORT` and `DATA_DIR` in its environment, and is ended by SIGTERM.
 */
export function other(against: string): Contender {
  const [, host = '', port = ''] = /^([^\s:]+):(\d+)$/.exec(against) ?? []
  const { dir, remove } = scratchDirectory()
  if (host !== '') {
    const target = { host, port: Number(port), dir, processId: undefined, startedMs: Number.NaN }
    return { name: against, start: async () => ({ ...target, stop: async () => {} }) }
  }
  return {
    name: 'other',
    async start() {
      const free = await freePort()
      const start = performance.now()
      const env = { ...process.env, PORT: `${free}`, DATA_DIR: join(dir, `${free}`) }
      const child = spawn(`exec ${against}`, { shell: true, env, stdio: 'inherit' })
      await untilAccepting(free, child)
      const ended = new Promise((done) => child.once('exit', done))
      return {
        ...{ host: '127.0.0.1', port: free, dir, processId: child.pid },
        startedMs: performance.now() - start,
        async stop() {
          child.kill('SIGTERM')
          const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
          await ended
          clearTimeout(timer)
          remove()
        },
      }
    },
  }
}

async function untilAccepting(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + 60_000
  for (;;) {
    const accepted = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => done(true)).on('error', () => done(false))
      socket.on('connect', () => socket.destroy())
    })
    if (accepted) return
    if (child.exitCode !== null) throw new BenchError(`--against ended with ${child.exitCode}`)
    if (Date.now() > until) {
      child.kill('SIGKILL')
      throw new BenchError(`--against did not listen on PORT=${port} within 60 s`)
    }
    await new Promise((done) => setTimeout(done, 10))
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
