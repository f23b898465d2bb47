/**
 * `npm run bench:failover`: how long acknowledgements stay away when a leader dies, stops or freezes,
 * Ottla's and Apache Kafka's, with the same client. One cluster of three brokers runs at a time.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import { freePort, scratchDirectory } from '../src/cli/bench/daemon.ts'
import { type FaultKind, faultKinds, runFailover } from '../src/cli/bench/failover/failover.ts'
import type { FaultyCluster } from '../src/cli/bench/failover/local-cluster.ts'
import { failoverHere, roundsBar } from '../src/cli/commands/bench-failover.ts'
import { realKafka, repository } from './brokers.ts'

interface Options {
  readonly kills: number
  readonly kafkaKills: number
  readonly kinds: readonly FaultKind[]
  readonly rate: number
  readonly only?: 'ottla' | 'kafka'
}

const program = process.env['OTTLA_PROGRAM'] ?? join(repository, 'dist', 'ottla.js')
const brokers = 3
const startMaxMs = 120_000

/** Nodes that are broker and controller at once, as the script starts them. */
class KafkaCluster implements FaultyCluster {
  readonly #dir: string
  readonly #port: number
  brokerIds: readonly number[] = []

  constructor(dir: string, port: number) {
    this.#dir = dir
    this.#port = port
  }

  get bootstrap() {
    return this.brokerIds.map((id) => ({ host: '127.0.0.1', port: this.#portOf(id) }))
  }

  async start(count: number): Promise<void> {
    this.brokerIds = Array.from({ length: count }, (_, i) => i + 1)
    this.#script('start', this.#dir, '-n', `${count}`, '-p', `${this.#port}`)
    await Promise.all(this.brokerIds.map((id) => untilAccepting(this.#portOf(id))))
  }

  async startBroker(id: number): Promise<void> {
    this.#script('node', this.#dir, `${id}`)
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

  async close(): Promise<void> {
    for (const id of this.brokerIds) await this.#end(id, 'SIGKILL')
  }

  #portOf(id: number): number {
    return this.#port + 10 * (id - 1)
  }

  #pid(id: number): number {
    return Number(readFileSync(join(this.#dir, `pid${id}`), 'utf8'))
  }

  async #end(id: number, signal: NodeJS.Signals): Promise<void> {
    const pid = this.#pid(id)
    const running = () => {
      try {
        process.kill(pid, 0)
        // The script's child is not ours to wait for: a zombie has ended too.
        return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
      } catch {
        return false
      }
    }
    if (!running()) return
    process.kill(pid, signal)
    while (running()) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  #script(...args: string[]): void {
    const stdio: ['ignore', 'ignore', 'pipe'] = ['ignore', 'ignore', 'pipe']
    const { status, stderr } = spawnSync(realKafka, args, { timeout: 180_000, stdio })
    if (status !== 0)
      throw new BenchError(`${realKafka} ${args[0]} ended with ${status}: ${stderr}`)
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
    await new Promise((done) => setTimeout(done, 50))
  }
}

async function kafkaFailover(kind: FaultKind, rounds: number, ratePerSecond: number) {
  const scratch = scratchDirectory()
  const port = Math.min(await freePort(), 65_000)
  const cluster = new KafkaCluster(scratch.dir, port)
  const bar = roundsBar(rounds)
  try {
    await cluster.start(brokers)
    const options = { kind, rounds, ratePerSecond, partitions: 1, onRound: bar.show }
    return await runFailover(cluster, options)
  } finally {
    bar.end()
    await cluster.close()
    scratch.remove()
  }
}

function line(name: string, kind: FaultKind, rounds: number, figures: Figures): string {
  const cells = ['gapP50Ms', 'gapP99Ms', 'gapMaxMs', 'failed'].map((figure) =>
    `${figures[figure] ?? '-'}`.padStart(9),
  )
  return `${kind.padEnd(12)}${name.padEnd(8)}${`${rounds}`.padStart(7)}${cells.join('')}`
}

async function run({ kills, kafkaKills, kinds, rate, only }: Options): Promise<void> {
  if (only !== 'kafka' && !existsSync(program)) throw new BenchError(`${program} is missing`)
  const withKafka = only !== 'ottla' && existsSync(realKafka)
  if (only !== 'ottla' && !withKafka) console.error(`No ${realKafka}: Ottla alone`)
  console.log('fault       cluster  rounds   p50 ms   p99 ms   max ms   failed')
  for (const kind of kinds) {
    if (only !== 'kafka') {
      const options = { brokers, kills, kind, rate, partitions: 1 }
      console.log(line('ottla', kind, kills, await failoverHere(program, options)))
    }
    if (withKafka && kind !== 'coordinator')
      console.log(line('kafka', kind, kafkaKills, await kafkaFailover(kind, kafkaKills, rate)))
  }
}

const command = new Command('bench:failover')
  .description('Gaps in acknowledgements when a leader dies, stops or freezes')
  .option('--kills <count>', 'rounds of Ottla', Number, 50)
  .option('--kafka-kills <count>', 'rounds of Kafka, which take a minute each', Number, 5)
  .addOption(new Option('--kinds <faults...>', 'which').choices(faultKinds).default(faultKinds))
  .addOption(new Option('--only <cluster>', 'one of them').choices(['ottla', 'kafka']))
  .option('--rate <count>', 'records per second', Number, 200)
  .action(run)
try {
  await command.parseAsync()
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(`bench:failover: ${error.message}`)
  process.exitCode = 1
}
