/**
 * The broker that the clients talk to, as a process of its own: Ottla's compiled daemon, or a real
 * Kafka (`OTTLA_CLIENTS_TARGET=kafka`), which proves that the tests themselves are right.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { type Running, run, start, until } from './process.ts'
import { realKafka, repository } from './tools.ts'

export type TargetKind = 'ottla' | 'kafka'
export const targetKind: TargetKind =
  process.env['OTTLA_CLIENTS_TARGET'] === 'kafka' ? 'kafka' : 'ottla'

export interface Target {
  readonly kind: TargetKind
  readonly port: number
  /** `host:port` for bootstrap.servers. */
  readonly bootstrap: string
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>
  /** Starts it again on the same data after `kill` or `stop`. */
  restart(): Promise<void>
  /** A clean stop. */
  stop(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

const startedLine = 'Kafka Server started'

/** Starts a broker with these configurations on a free port and an empty data directory. */
export function startTarget(settings: Record<string, string> = {}): Promise<Target> {
  return startTargetOf(targetKind, settings)
}

export async function startTargetOf(
  kind: TargetKind,
  settings: Record<string, string> = {},
): Promise<Target> {
  const dir = mkdtempSync(join(tmpdir(), 'ottla-clients-'))
  const port = await freePort(kind === 'kafka' ? 2 : 1)
  return kind === 'kafka' ? startKafka(dir, port, settings) : startOttla(dir, port, settings)
}

async function startKafka(
  dir: string,
  port: number,
  settings: Record<string, string>,
): Promise<Target> {
  const env = { KAFKA_HEAP: process.env['KAFKA_HEAP'] ?? '512m' }
  const given = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  await run(realKafka, ['start', dir, '-p', `${port}`, ...given], { env, timeoutMs: 120_000 })
  const log = join(dir, 'server1.log')
  const stop = async () => void (await run(realKafka, ['stop', dir], { timeoutMs: 120_000 }))
  const pid = () => Number(readFileSync(join(dir, 'pid1'), 'utf8'))
  return {
    kind: 'kafka',
    port,
    bootstrap: `127.0.0.1:${port}`,
    async kill() {
      const killed = pid()
      process.kill(killed, 'SIGKILL')
      await until(
        () => `the end of process ${killed}`,
        () => !alive(killed),
      )
    },
    async restart() {
      await run(realKafka, ['node', dir, '1'], { env })
      await until(
        () => `a start of Kafka (${log})`,
        () => readFileSync(log, 'utf8').includes(startedLine),
        120_000,
      )
    },
    stop,
    async remove() {
      await stop().catch(() => {})
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

async function startOttla(
  dir: string,
  port: number,
  settings: Record<string, string>,
): Promise<Target> {
  const program = process.env['OTTLA_PROGRAM'] ?? join(repository, 'dist', 'ottla.js')
  const overrides = Object.entries({ 'group.initial.rebalance.delay.ms': '0', ...settings })
  const args = [
    ...[program, 'broker', '--port', `${port}`, '--data-dir', join(dir, 'data')],
    ...overrides.flatMap(([key, value]) => ['--override', `${key}=${value}`]),
  ]
  let running: Running | undefined
  const restart = async () => {
    const now = start(process.execPath, args)
    running = now
    let over: number | string | undefined
    now.ended.then(
      (code) => {
        over = code
      },
      () => {},
    )
    const said = () => `${now.lines.slice(-20).join('\n')}\n${now.stderr().slice(-4000)}`
    await until(
      () => `a start of Ottla (${said()})`,
      () => {
        if (over !== undefined) throw new Error(`Ottla ended with ${over} at its start: ${said()}`)
        return [...now.lines, now.stderr()].some((line) => line.includes(startedLine))
      },
    )
  }
  const stop = async () => {
    if (running === undefined) return
    const stopping = running
    running = undefined
    stopping.child.kill('SIGTERM')
    const timer = setTimeout(() => stopping.child.kill('SIGKILL'), 30_000)
    const code = await stopping.ended
    clearTimeout(timer)
    if (code !== 0) throw new Error(`A stop by SIGTERM ended with ${code}: ${stopping.stderr()}`)
  }
  await restart()
  return {
    kind: 'ottla',
    port,
    bootstrap: `127.0.0.1:${port}`,
    async kill() {
      await running?.kill()
      running = undefined
    },
    restart,
    stop,
    async remove() {
      await stop().finally(() => rmSync(dir, { recursive: true, force: true }))
    },
  }
}
