/** kcat -M: brokers for a test, which live until standard input closes. Theirs pretend, ours are real. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../failure.ts'
import type { Output } from '../output.ts'

/** More processes than that are no test on one machine. */
const brokersMax = 20
const started = 'Ottla serves Kafka clients'

export async function mockCluster(
  brokers: number,
  out: Output,
  info: (level: number, text: string) => void,
): Promise<void> {
  if (!(brokers >= 1 && brokers <= brokersMax))
    throw new Failure(`-M: expected 1 to ${brokersMax} brokers`)
  const directory = mkdtempSync(join(tmpdir(), 'ottla-mock-'))
  const port = (await freePorts(brokers + 1)) + 1
  const settings = ['-n', `${brokers}`, '--data-dir', directory, '--port', `${port}`]
  const args = [...process.execArgv, process.argv[1] ?? '', 'cluster', 'start', ...settings]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0' },
    // A Ctrl-C of the terminal is ours: we stop them.
    detached: true,
  })
  let said = ''
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  try {
    await new Promise<void>((resolve, reject) => {
      const hear = (text: Buffer) => {
        said += text
        if (said.includes(started)) resolve()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('close', () =>
        reject(new Failure(`-M: the brokers did not start: ${said.trim()}`)),
      )
    })
    const addresses = Array.from({ length: brokers }, (_, i) => `127.0.0.1:${port + i}`).join()
    info(1, `Mock cluster started with bootstrap.servers=${addresses}`)
    info(1, 'Press Ctrl-C+Enter or Ctrl-D to terminate.')
    out.line(`BROKERS=${addresses}`)
    out.flush()
    await Promise.race([ended, untilStdinCloses()])
  } finally {
    child.kill('SIGTERM')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

function untilStdinCloses(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    process.stdin.on('end', resolve).on('error', resolve).resume()
  })
}

/** The first of so many ports in a row that nobody listens on now. */
async function freePorts(count: number): Promise<number> {
  const attemptsMax = 50
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer().on('error', reject)
      server.listen(port, '127.0.0.1', () => {
        const { port: got } = server.address() as { port: number }
        server.close(() => resolve(got))
      })
    })
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const first = await listen(0)
    const rest = Array.from({ length: count - 1 }, (_, i) => listen(first + 1 + i))
    const found = await Promise.allSettled(rest)
    if (found.every(({ status }) => status === 'fulfilled')) return first
  }
  throw new Failure(`-M: no ${count} free ports in a row in ${attemptsMax} attempts`)
}
