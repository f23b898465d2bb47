/** A coordinator and brokers as processes of their own, on free ports of loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = join(import.meta.dirname, '../../dist/ottla.js')
const startMaxMs = 30_000

export interface ServerProcess {
  readonly port: number
  readonly process: ChildProcess
  readonly output: string[]
}

export class LocalCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'ottla-cluster-'))
  coordinatorPort = 0
  coordinator: ServerProcess | undefined
  readonly brokers = new Map<number, ServerProcess>()
  readonly #configs: readonly string[]

  constructor(configs: readonly string[] = []) {
    this.#configs = configs
  }

  get bootstrap(): { host: string; port: number }[] {
    return [...this.brokers.values()].map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  async start(brokers: number): Promise<void> {
    this.coordinatorPort = await freePort()
    await this.startCoordinator()
    const ids = Array.from({ length: brokers }, (_, i) => i + 1)
    await Promise.all(ids.map((id) => this.startBroker(id)))
  }

  async startCoordinator(): Promise<void> {
    this.coordinator = await this.#run('coordinator', this.coordinatorPort, [
      'process.roles=controller',
      'node.id=100',
      `controller.quorum.voters=100@127.0.0.1:${this.coordinatorPort}`,
      `listeners=CONTROLLER://127.0.0.1:${this.coordinatorPort}`,
    ])
  }

  async startBroker(id: number): Promise<void> {
    const port = this.brokers.get(id)?.port ?? (await freePort())
    const server = await this.#run(`broker-${id}`, port, [
      'process.roles=broker',
      `node.id=${id}`,
      `coordinator.servers=127.0.0.1:${this.coordinatorPort}`,
      `listeners=PLAINTEXT://127.0.0.1:${port}`,
      'offsets.topic.num.partitions=4',
      ...this.#configs,
    ])
    this.brokers.set(id, server)
  }

  async kill(id: number): Promise<void> {
    const process = this.brokers.get(id)?.process
    if (process) await ended(process, 'SIGKILL')
  }

  async stopBroker(id: number): Promise<void> {
    const process = this.brokers.get(id)?.process
    if (process) await ended(process, 'SIGTERM')
  }

  async close(): Promise<void> {
    const all = [...this.brokers.values(), ...(this.coordinator ? [this.coordinator] : [])]
    await Promise.all(all.map(({ process }) => ended(process, 'SIGKILL')))
    rmSync(this.directory, { recursive: true })
  }

  async #run(name: string, port: number, configs: readonly string[]): Promise<ServerProcess> {
    const overrides = [`log.dirs=${join(this.directory, name)}`, ...configs]
    const args = overrides.flatMap((config) => ['--override', config])
    const child = spawn(process.execPath, [program, 'broker', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: string[] = []
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${name} does not start:\n${output.join('')}`)),
        startMaxMs,
      )
      const take = (chunk: Buffer) => {
        output.push(chunk.toString())
        if (!chunk.toString().includes('Kafka Server started')) return
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.on('data', take)
      child.stderr?.on('data', take)
      child.once('exit', (code) =>
        reject(new Error(`${name} ended with ${code}:\n${output.join('')}`)),
      )
    })
    return { port, process: child, output }
  }
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
