/** A broker started for a measurement: its own process, its own directory, an end for sure. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchError, type BenchTarget } from './bench-target.ts'

const startedWords = 'Kafka Server started'
const startMsMax = 60_000
const stopMsMax = 30_000

export interface Daemon extends BenchTarget {
  readonly dir: string
  /** Milliseconds from the start of the process to the line that says it is started. */
  readonly startedMs: number
  stop(): Promise<void>
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

/** An empty directory for a broker's data, and its removal. */
export function scratchDirectory(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'ottla-bench-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
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
  await untilStarted(child)
  return {
    ...{ host: '127.0.0.1', port, processId: child.pid, dir },
    startedMs: performance.now() - start,
    stop: () => stopProcess(child),
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
