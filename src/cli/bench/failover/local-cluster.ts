/** A coordinator and brokers as processes of their own on this machine, to be hurt one by one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { BenchError } from '../bench-target.ts'
import { endWithThis } from '../daemon.ts'
import { freePort } from '../free-port.ts'

const startMaxMs = 60_000
/** A hand-over takes milliseconds; this is for a machine on which everything waits. */
const stopMaxMs = 60_000
const started = 'Kafka Server started'

export interface ServerProcess {
  readonly host: string
  readonly port: number
  readonly process: ChildProcess
  readonly output: string[]
}

/** Where and how one process runs. */
export interface Place {
  readonly host?: string
  readonly port?: number
  /** What the program is run by: `['ip', 'netns', 'exec', …]`. */
  readonly through?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface LocalClusterOptions {
  /** The compiled program. */
  readonly program: string
  /** Exists, and is empty. */
  readonly directory: string
  /** `key=value`, for the brokers. */
  readonly configs?: readonly string[]
  readonly coordinatorConfigs?: readonly string[]
  /** By the name of the process: `coordinator`, `broker-1`, …. */
  readonly place?: (name: string) => Place
}

/** What a fault does to a cluster of whichever make. */
export interface FaultyCluster {
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[]
  readonly brokerIds: readonly number[]
  start(brokers: number): Promise<void>
  startBroker(id: number): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(id: number): Promise<void>
  /** SIGTERM; resolves when it has ended by itself. */
  stopBroker(id: number): Promise<void>
  freeze(id: number): void
  thaw(id: number): void
  /** SIGKILL and a new start; undefined where it is not a process of its own. */
  restartCoordinator?(): Promise<void>
  /** Ends everything by force. */
  close(): Promise<void>
}

export class LocalCluster implements FaultyCluster {
  coordinator: ServerProcess | undefined
  readonly brokers = new Map<number, ServerProcess>()
  readonly options: LocalClusterOptions
  #coordinatorAddress = ''

  constructor(options: LocalClusterOptions) {
    this.options = options
  }

  /** In the order of the brokers' ids, whoever was started first. */
  get bootstrap(): { host: string; port: number }[] {
    return this.brokerIds.map((id) => {
      const { host, port } = this.brokers.get(id)!
      return { host, port }
    })
  }

  get brokerIds(): number[] {
    return [...this.brokers.keys()].sort((a, b) => a - b)
  }

  async start(brokers: number): Promise<void> {
    await this.startCoordinator()
    const ids = Array.from({ length: brokers }, (_, i) => i + 1)
    await Promise.all(ids.map((id) => this.startBroker(id)))
  }

  async startCoordinator(): Promise<void> {
    const { host, port } = await this.#address('coordinator', this.coordinator)
    this.#coordinatorAddress = `${host}:${port}`
    this.coordinator = await this.#run('coordinator', host, port, [
      'process.roles=controller',
      'node.id=100',
      `controller.quorum.voters=100@${host}:${port}`,
      `listeners=CONTROLLER://${host}:${port}`,
      ...(this.options.coordinatorConfigs ?? []),
    ])
  }

  async startBroker(id: number): Promise<void> {
    const name = `broker-${id}`
    const { host, port } = await this.#address(name, this.brokers.get(id))
    const server = await this.#run(name, host, port, [
      'process.roles=broker',
      `node.id=${id}`,
      `coordinator.servers=${this.#coordinatorAddress}`,
      `listeners=PLAINTEXT://${host}:${port}`,
      'offsets.topic.num.partitions=4',
      ...(this.options.configs ?? []),
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

  freeze(id: number): void {
    this.brokers.get(id)?.process.kill('SIGSTOP')
  }

  thaw(id: number): void {
    this.brokers.get(id)?.process.kill('SIGCONT')
  }

  async killCoordinator(): Promise<void> {
    if (this.coordinator) await ended(this.coordinator.process, 'SIGKILL')
  }

  async restartCoordinator(): Promise<void> {
    await this.killCoordinator()
    await this.startCoordinator()
  }

  async close(): Promise<void> {
    const all = [...this.brokers.values(), ...(this.coordinator ? [this.coordinator] : [])]
    await Promise.all(all.map(({ process }) => ended(process, 'SIGKILL')))
  }

  /** The same as before when it ran before. */
  async #address(name: string, before: ServerProcess | undefined) {
    const { host = '127.0.0.1', port } = this.options.place?.(name) ?? {}
    return { host, port: before?.port ?? port ?? (await freePort()) }
  }

  async #run(
    name: string,
    host: string,
    port: number,
    configs: readonly string[],
  ): Promise<ServerProcess> {
    const { through = [], env } = this.options.place?.(name) ?? {}
    const overrides = [`log.dirs=${join(this.options.directory, name)}`, ...configs]
    const args = overrides.flatMap((config) => ['--override', config])
    const command = [...through, process.execPath, this.options.program, 'broker', ...args]
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    endWithThis(child)
    const output: string[] = []
    await untilServing(name, child, output)
    return { host, port, process: child, output }
  }
}

function untilServing(name: string, child: ChildProcess, output: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new BenchError(`${name} ${why}:\n${output.join('')}`))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`did not start within ${startMaxMs} ms`)
    }, startMaxMs)
    const take = (chunk: Buffer) => {
      output.push(chunk.toString())
      if (!chunk.toString().includes(started)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(signal)
  // A stopped process takes only SIGKILL.
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs)
  await gone
  clearTimeout(timer)
}
