/**
 * `npm run bench:failover`: how long acknowledgements stay away when a leader dies, stops or freezes,
 * Ottla's and Apache Kafka's, with the same client. One cluster of three brokers runs at a time.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import { scratchDirectory } from '../src/cli/bench/daemon.ts'
import { type FaultKind, faultKinds, runFailover } from '../src/cli/bench/failover/failover.ts'
import { freePort } from '../src/cli/bench/free-port.ts'
import { failoverHere, roundsBar } from '../src/cli/commands/bench-failover.ts'
import { realKafka, repository } from './brokers.ts'
import { KafkaCluster } from './kafka-cluster.ts'

interface Options {
  readonly kills: number
  readonly kafkaKills: number
  readonly kinds: readonly FaultKind[]
  readonly rate: number
  readonly only?: 'ottla' | 'kafka'
}

const program = process.env['OTTLA_PROGRAM'] ?? join(repository, 'dist', 'ottla.js')
const brokers = 3

async function kafkaFailover(kind: FaultKind, rounds: number, ratePerSecond: number) {
  const scratch = scratchDirectory()
  const port = await freePort(10 * brokers)
  const cluster = new KafkaCluster({ directory: scratch.dir, port })
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
