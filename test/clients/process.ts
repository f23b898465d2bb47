/** Child processes with an end: every run has a time limit, and what is killed is killed by pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Output {
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  /** Written to stdin, which is closed after it. */
  readonly input?: string | Buffer
  readonly env?: Record<string, string>
  readonly cwd?: string
  /** The process is killed, and the run rejected, after this time. */
  readonly timeoutMs?: number
}

/** Runs a command to its end; rejects with what it said when it fails or takes too long. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Output> {
  const { input = '', env = {}, cwd, timeoutMs = 120_000 } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, cwd })
    const out: Buffer[] = []
    const err: Buffer[] = []
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const stdout = Buffer.concat(out)
      const stderr = Buffer.concat(err).toString()
      if (code === 0) return resolve({ stdout, stderr })
      const why = signal === 'SIGKILL' ? `was killed after ${timeoutMs} ms` : `ended with ${code}`
      const said = `${stdout.toString().slice(-2000)}\n${stderr.slice(-4000)}`
      reject(new Error(`${command} ${args.join(' ').slice(0, 500)} ${why}:\n${said}`))
    })
    child.stdin.on('error', () => {}) // A process that ended early tells why by its exit code.
    child.stdin.end(input)
  })
}

/** A process that goes on, read line by line. */
export interface Running {
  readonly child: ChildProcess
  readonly lines: string[]
  /** What it said on stderr so far. */
  stderr(): string
  /** Resolves with the exit code (or the signal). */
  readonly ended: Promise<number | string>
  /** Closes stdin and waits; kills after `timeoutMs`. */
  finish(timeoutMs?: number): Promise<number | string>
  kill(): Promise<void>
}

export function start(command: string, args: string[], env: Record<string, string> = {}): Running {
  const child = spawn(command, args, { env: { ...process.env, ...env } })
  const lines: string[] = []
  const err: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  createInterface({ input: child.stderr }).on('line', (line) => err.push(line))
  child.stdin.on('error', () => {})
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'gone'))
  })
  return {
    child,
    lines,
    stderr: () => err.join('\n'),
    ended,
    async finish(timeoutMs = 120_000) {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      const code = await ended
      clearTimeout(timer)
      return code
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Waits until `done` holds; rejects with `what` after the time limit. */
export async function until(
  what: () => string,
  done: () => boolean | Promise<boolean>,
  timeoutMs = 90_000,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`${what()} did not come true within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
