/** Several brokers of a real Kafka on this machine, each broker and controller at once, to be hurt one by one. */
import { execFile } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atExit } from '../src/cli/bench/at-exit.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import type { FaultyCluster } from '../src/cli/bench/failover/local-cluster.ts'
import { realKafka } from './brokers.ts'

const startMaxMs = 120_000
/** A controlled stop waits for others to take over. */
const stopMaxMs = 60_000

const run = promisify(execFile)
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export interface KafkaClusterOptions {
  /** Exists, and is empty. */
  readonly directory: string
  /** Of the first broker; every other has one ten higher, and its controller the next. */
  readonly port: number
  /** `key=value`, for all. */
  readonly configs?: readonly string[]
  /** As the option of `java -Xmx`. */
  readonly heap?: string
}

export class KafkaCluster implements FaultyCluster {
  readonly #options: KafkaClusterOptions
  #forget = () => {}
  brokerIds: readonly number[] = []

  constructor(options: KafkaClusterOptions) {
    this.#options = options
  }

  get bootstrap() {
    return this.brokerIds.map((id) => ({ host: '127.0.0.1', port: this.#portOf(id) }))
  }

  async start(count: number): Promise<void> {
    const { directory, port, configs = [] } = this.#options
    this.brokerIds = Array.from({ length: count }, (_, i) => i + 1)
    this.#forget = atExit(() => {
      for (const id of this.brokerIds) if (this.#runs(id)) process.kill(this.#pid(id), 'SIGKILL')
    })
    await this.#script('start', directory, '-n', `${count}`, '-p', `${port}`, ...configs)
    await Promise.all(this.brokerIds.map((id) => untilAccepting(this.#portOf(id))))
  }

  async startBroker(id: number): Promise<void> {
    await this.#script('node', this.#options.directory, `${id}`)
    await untilAccepting(this.#portOf(id))
  }

  kill(id: number): Promise<void> {
    return this.#end(id, 'SIGKILL')
  }

  stopBroker(id: number): Promise<void> {
    return this.#end(id, 'SIGTERM')
  }

  freeze(id: number): void {
    process.kill(this.#pid(id), 'SIGSTOP')
  }

  thaw(id: number): void {
    process.kill(this.#pid(id), 'SIGCONT')
  }

  /** Also after a start that failed half way. */
  async close(): Promise<void> {
    await Promise.all(this.brokerIds.map((id) => this.#end(id, 'SIGKILL')))
    this.#forget()
  }

  #portOf(id: number): number {
    return this.#options.port + 10 * (id - 1)
  }

  /** @throws where it was never started */
  #pid(id: number): number {
    return Number(readFileSync(join(this.#options.directory, `pid${id}`), 'utf8'))
  }

  /** Not a zombie, which is not ours to wait for, nor another process that has its number by now: it works in the directory. */
  #runs(id: number): boolean {
    try {
      return readlinkSync(`/proc/${this.#pid(id)}/cwd`) === realpathSync(this.#options.directory)
    } catch {
      return false
    }
  }

  async #end(id: number, signal: NodeJS.Signals): Promise<void> {
    if (!this.#runs(id)) return
    process.kill(this.#pid(id), signal)
    const forceMs = performance.now() + stopMaxMs
    while (this.#runs(id)) {
      await pause(20)
      if (performance.now() > forceMs) process.kill(this.#pid(id), 'SIGKILL')
    }
  }

  async #script(...args: string[]): Promise<void> {
    const { heap } = this.#options
    const env = { ...process.env, ...(heap === undefined ? {} : { KAFKA_HEAP: heap }) }
    try {
      await run(realKafka, args, { env, timeout: 180_000 })
    } catch (error) {
      const said = (error as { stderr?: string }).stderr ?? error
      throw new BenchError(`${realKafka} ${args[0]} failed: ${said}`)
    }
  }
}

async function untilAccepting(port: number): Promise<void> {
  const endMs = performance.now() + startMaxMs
  for (;;) {
    const accepted = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => done(false))
      socket.on('connect', () => {
        socket.destroy()
        done(true)
      })
    })
    if (accepted) return
    if (performance.now() > endMs) throw new BenchError(`Nobody listens on port ${port}`)
    await pause(50)
  }
}
