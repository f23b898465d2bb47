/** `ottla bench failover`: a cluster of processes on this machine, hurt again and again under load. */
import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import { integer } from '../arguments.ts'
import { program, scratchDirectory } from '../bench/daemon.ts'
import { type FaultKind, faultKinds, runFailover } from '../bench/failover/failover.ts'
import { LocalCluster } from '../bench/failover/local-cluster.ts'

export interface FailoverCommandOptions {
  readonly brokers: number
  readonly kills: number
  readonly kind: FaultKind
  readonly rate: number
  readonly partitions: number
  readonly json?: boolean
}

/** On a terminal only. */
export function roundsBar(total: number) {
  const bar = new SingleBar({
    format: '{bar} {value}/{total}  last gap {gap} ms  {duration_formatted}',
    stream: process.stderr,
    clearOnComplete: true,
  })
  bar.start(total, 0, { gap: '-' })
  return {
    show: (done: number, gapMs: number) => bar.update(done, { gap: Math.round(gapMs) }),
    end: () => bar.stop(),
  }
}

/** Starts the cluster, measures, ends it. */
export async function failoverHere(program: string, options: FailoverCommandOptions) {
  const { brokers, kills: rounds, kind, rate: ratePerSecond, partitions } = options
  const scratch = scratchDirectory()
  const cluster = new LocalCluster({ program, directory: scratch.dir })
  const bar = roundsBar(rounds)
  try {
    await cluster.start(brokers)
    return await runFailover(cluster, {
      ...{ kind, rounds, ratePerSecond, partitions },
      onRound: bar.show,
    })
  } finally {
    bar.end()
    await cluster.close()
    scratch.remove()
  }
}

export function failoverCommand(
  run: (work: () => Promise<void>) => Promise<void>,
  show: (
    figures: Awaited<ReturnType<typeof failoverHere>>,
    options: FailoverCommandOptions,
  ) => void,
): Command {
  return new Command('failover')
    .description(
      'Start a local cluster, hurt the leader again and again, and tell the gaps in acknowledgements',
    )
    .option('-n, --brokers <n>', 'how many brokers', integer(2), 3)
    .option('--kills <n>', 'how often', integer(1), 50)
    .addOption(
      new Option('--kind <fault>', 'what happens to the leader')
        .choices(faultKinds)
        .default('kill'),
    )
    .option('--rate <n>', 'records per second, acks=all', integer(1), 200)
    .option(
      '--partitions <n>',
      'more than 1, all with one leader, tells how long it takes until all acknowledge again',
      integer(1),
      1,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nkill: SIGKILL. stop: SIGTERM, it hands over. freeze: SIGSTOP until another leads. coordinator: SIGKILL and a new start.\n\nExamples:\n  ottla bench failover --kills 20\n  ottla bench failover --kind stop --kills 20 --json',
    )
    .action((options: FailoverCommandOptions) =>
      run(async () => show(await failoverHere(program(), options), options)),
    )
}
