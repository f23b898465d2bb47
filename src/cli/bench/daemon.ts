/** A broker started for a measurement: its own process, its own directory, an end for sure. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { atExit } from './at-exit.ts'
import { BenchError, type BenchTarget } from './bench-target.ts'
import { freePort } from './free-port.ts'

const startedWords = 'Kafka Server started'
const startMsMax = 60_000
/** A clean stop syncs every log. */
const stopMsMax = 120_000

export interface Daemon extends BenchTarget {
  readonly dir: string
  /** Milliseconds from the start of the process to the line that says it is started. */
  readonly startedMs: number
  stop(): Promise<void>
  /** How it ended, when it has; undefined while it runs, or where nobody knows. */
  fate?(): string | undefined
}

/** The program that this process runs; set where that is another one, as in tests. */
export const program = () => process.env['OTTLA_PROGRAM'] ?? resolve(process.argv[1]!)

/** An empty directory for a broker's data, and its removal. */
export function scratchDirectory(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'ottla-bench-'))
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  const forget = atExit(remove)
  return {
    dir,
    remove() {
      remove()
      forget()
    },
  }
}

/**
 * Starts Ottla's daemon: `program` is its compiled file.
 * @throws BenchError with what it said when it does not start
 */
export async function startDaemon(
  program: string,
  dir: string,
  settings: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<Daemon> {
  const port = await freePort()
  const overrides = Object.entries(settings).flatMap(([key, value]) => [
    ...['--override', `${key}=${value}`],
  ])
  const args = ['broker', '--port', `${port}`, '--data-dir', join(dir, 'data'), ...overrides]
  const start = performance.now()
  const child = spawn(process.execPath, [...nodeOptions, program, ...args], { cwd: dir })
  endWithThis(child)
  await untilStarted(child)
  return {
    ...{ host: '127.0.0.1', port, processId: child.pid, dir, fate: fateOf(child) },
    startedMs: performance.now() - start,
    stop: () => stopProcess(child),
  }
}

/** A process that must not outlive this one. */
export function endWithThis(child: ChildProcess): void {
  const forget = atExit(() => child.kill('SIGKILL'))
  child.once('exit', forget)
}

/** Remembers what a process said last: who finds it gone is told why. */
export function fateOf(child: ChildProcess): () => string | undefined {
  let said = ''
  const hear = (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-2000)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  return () => {
    const { exitCode, signalCode } = child
    if (exitCode === null && signalCode === null) return undefined
    return `the broker ended with ${signalCode ?? exitCode}${said === '' ? '' : `: ${said.trim()}`}`
  }
}

/** Resolves when it says that it is started, with all that it said until then. */
export function untilStarted(child: ChildProcess, words = startedWords): Promise<string> {
  let said = ''
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL')
      reject(new BenchError(`The broker ${why}: ${said.slice(-2000)}`))
    }
    const timer = setTimeout(() => fail(`did not start within ${startMsMax} ms`), startMsMax)
    const hear = (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-10_000)
      if (!said.includes(words)) return
      clearTimeout(timer)
      resolve(said)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.on('error', (error) => fail(error.message))
    child.on('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
}

/** Ends it by SIGTERM, or by force when that takes too long. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
  await ended
  clearTimeout(timer)
}
