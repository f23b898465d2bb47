/** The compiled daemon as a process of its own, on a directory that outlives it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { RawClient } from '../broker/raw-client.ts'

const program = resolve(import.meta.dirname, '../../dist/ottla.js')
if (!existsSync(program)) throw new Error(`There is no ${program}: npm run build makes it`)

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'ottla-faults-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface DaemonOptions {
  readonly port?: number
  readonly overrides?: readonly string[]
  /** What the daemon is run by: `['prlimit', …]`. */
  readonly through?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export class Daemon {
  readonly child: ChildProcess
  out = ''
  err = ''
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  port = 0

  private constructor(directory: string, options: DaemonOptions) {
    const overrides = (options.overrides ?? []).flatMap((each) => ['--override', each])
    const command = [
      ...(options.through ?? []),
      process.execPath,
      program,
      'broker',
      ...['--data-dir', directory, '--port', String(options.port ?? 0), ...overrides],
    ]
    this.child = spawn(command[0] as string, command.slice(1), {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', (chunk) => {
      this.out += chunk
    })
    this.child.stderr?.on('data', (chunk) => {
      this.err += chunk
    })
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? 'gone')),
    )
    onTestFinished(async () => {
      this.child.kill('SIGKILL')
      await this.ended
    })
  }

  /** One that is expected to end by itself. */
  static spawn(directory: string, options: DaemonOptions = {}): Daemon {
    return new Daemon(directory, options)
  }

  /** Resolves when it serves. */
  static async start(directory: string, options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = new Daemon(directory, options)
    let over = false
    void daemon.ended.then(() => {
      over = true
    })
    await until(() => daemon.out.includes('Kafka Server started') || over, 'the start')
    if (over) throw new Error(`It did not start: ${daemon.err}`)
    // SIGUSR2 tells the port that was bound.
    daemon.kill('SIGUSR2')
    await until(() => /"port": \d+/.test(daemon.err), 'the port')
    daemon.port = Number(/"port": (\d+)/.exec(daemon.err)?.[1])
    return daemon
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** What it has in memory, in MiB: now, or the most that it ever had. */
  mebibytes(what: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port)
  }
}

export async function until(
  done: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 90_000,
): Promise<void> {
  const endMs = Date.now() + timeoutMs
  while (!(await done())) {
    if (Date.now() > endMs) throw new Error(`${what} did not come within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
