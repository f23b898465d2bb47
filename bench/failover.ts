/**
 * `npm run bench:failover`: how long acknowledgements stay away when a leader dies, stops or freezes, or the
 * coordinator is gone for a moment: Ottla's and Apache Kafka's, with the same client. One cluster of three brokers
 * runs at a time.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { Figures } from '../src/cli/bench/bench-result.ts'
import { BenchError } from '../src/cli/bench/bench-target.ts'
import { scratchDirectory } from '../src/cli/bench/daemon.ts'
import { runFailover } from '../src/cli/bench/failover/failover.ts'
import { freePort } from '../src/cli/bench/free-port.ts'
import { failoverHere, roundsBar } from '../src/cli/commands/bench-failover.ts'
import { realKafka, repository } from './brokers.ts'
import {
  type FaultRow,
  faultRows,
  mergedTable,
  roundsOf,
  tableHead,
  tableLine,
} from './failover-table.ts'
import { KafkaCluster } from './kafka-cluster.ts'
import { commitOf, machine } from './machine.ts'
import { sectionOf, writeSection } from './results.ts'

interface Options {
  readonly kills: number
  readonly kafkaKills: number
  readonly rows?: string
  readonly rate: number
  readonly only?: 'ottla' | 'kafka'
  readonly results?: boolean
}

const program = process.env['OTTLA_PROGRAM'] ?? join(repository, 'dist', 'ottla.js')
const brokers = 3

function ottlaFailover({ kind, partitions }: FaultRow, kills: number, rate: number) {
  return failoverHere(program, { brokers, kills, kind, rate, partitions })
}

async function kafkaFailover({ kind, partitions }: FaultRow, rounds: number, rate: number) {
  const scratch = scratchDirectory()
  const port = await freePort(10 * brokers)
  const cluster = new KafkaCluster({ directory: scratch.dir, port })
  const bar = roundsBar(rounds)
  try {
    await cluster.start(brokers)
    const options = { kind, rounds, ratePerSecond: rate, partitions, onRound: bar.show }
    return await runFailover(cluster, options)
  } finally {
    bar.end()
    await cluster.close()
    scratch.remove()
  }
}

async function run({ kills, kafkaKills, rows = '', rate, only, results }: Options): Promise<void> {
  if (only !== 'kafka' && !existsSync(program)) throw new BenchError(`${program} is missing`)
  const withKafka = only !== 'ottla' && existsSync(realKafka)
  if (only !== 'ottla' && !withKafka) console.error(`No ${realKafka}: Ottla alone`)
  const chosen = faultRows.filter(({ name }) => new RegExp(rows, 'i').test(name))
  if (chosen.length === 0) {
    const names = faultRows.map(({ name }) => name).join('\n')
    throw new BenchError(`No row matches ${rows}; there are:\n${names}`)
  }
  const args = process.argv
    .slice(2)
    .filter((arg) => arg !== '--results')
    .map((arg) => (/^[\w.-]+$/.test(arg) ? arg : `'${arg}'`))
  const given = args.length > 0 ? ` -- ${args.join(' ')}` : ''
  const how = `\`npm run bench:failover${given.replaceAll('|', '\\|')}\` at ${commitOf()}`
  console.log(`${machine()}\n${tableHead.join('\n')}`)
  const show = (row: FaultRow, cluster: string, rounds: number, figures: Figures) => {
    const line = tableLine(row, cluster, { rounds, figures, how })
    console.log(line)
    if (!results) return
    const path = join(repository, 'bench', 'RESULTS.md')
    const table = mergedTable(sectionOf(path, 'failover'), [line])
    writeSection(path, 'failover', `Machine: ${machine()}\n\n${table}`)
  }
  for (const row of chosen) {
    const rounds = roundsOf(row, kills)
    if (only !== 'kafka') show(row, 'ottla', rounds, await ottlaFailover(row, rounds, rate))
    const kafkaRounds = roundsOf(row, kafkaKills)
    if (withKafka && row.kind !== 'coordinator')
      show(row, 'kafka', kafkaRounds, await kafkaFailover(row, kafkaRounds, rate))
  }
}

const command = new Command('bench:failover')
  .description('Gaps in acknowledgements when a leader dies, stops or freezes')
  .option('--kills <count>', 'rounds of Ottla; of the other faults a part of it', Number, 50)
  .option('--kafka-kills <count>', 'rounds of Kafka, which take half a minute each', Number, 5)
  .option('--rows <pattern>', 'only what matches')
  .addOption(new Option('--only <cluster>', 'one of them').choices(['ottla', 'kafka']))
  .option('--rate <count>', 'records per second', Number, 200)
  .option('--results', 'put the table into bench/RESULTS.md')
  .action(run)
try {
  await command.parseAsync()
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(`bench:failover: ${error.message}`)
  process.exitCode = 1
}
