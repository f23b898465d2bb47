/** `ottla cluster drain`: a broker leads nothing any more, and holds nothing if wanted. */
import type { Command } from 'commander'
import { describeCluster } from '../../client/admin/brokers.ts'
import { describeReplicas } from '../../client/admin/replicas.ts'
import { integer } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure } from '../failure.ts'
import { drain, isChange, type Move } from '../replicas/plan.ts'
import { awaitMoves, preferFirst, startMoves } from '../replicas/run-moves.ts'
import { type Session, withSession } from '../session.ts'

interface Options extends Consent {
  readonly replicas?: boolean
}

export function registerDrain(cluster: Command): void {
  cluster
    .command('drain')
    .description('Move leaderships, and with --replicas all data, away from a broker')
    .argument('<broker>', 'its id', integer(0))
    .option('--replicas', 'the replicas too: it can be taken out of the cluster then')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be moved')
    .action(withSession(run))
    .addHelpText(
      'after',
      '\nThe broker becomes the last choice for what it holds, so that it is not given back.\nPut back with ottla cluster reassign generate, or the plan that --dry-run shows.\n\nExamples:\n  ottla cluster drain 2 --dry-run\n  ottla cluster drain 2 --replicas --yes',
    )
}

async function run(session: Session, broker: number, options: Options): Promise<void> {
  const { brokers } = await describeCluster(session.cluster)
  const states = await describeReplicas(session.cluster, 'all')
  const others = brokers.filter(({ id, fenced }) => id !== broker && !fenced)
  const holds = states.some(({ replicas }) => replicas.includes(broker))
  if (!holds && !brokers.some(({ id }) => id === broker))
    throw new Failure(`There is no broker ${broker}`)
  const plan = drain(states, broker, options.replicas ? others : undefined)
  for (const { topic, partition, replicas } of plan.stuck)
    session.itemFailed(
      new Failure(
        options.replicas
          ? `No other broker can take ${topic}-${partition}, which has replicas on ${replicas.join(', ')}`
          : `${topic}-${partition} has its only replica on broker ${broker}: see --replicas`,
      ),
    )
  const leads = (move: Move) =>
    states.some(
      (state) =>
        state.topic === move.topic && state.partition === move.partition && state.leader === broker,
    )
  const moves = plan.moves.filter((move) => isChange(move) || leads(move))
  if (moves.length === 0) {
    if (session.format === 'json') session.json({ broker, moves: [] })
    else
      session.say(`Broker ${broker} ${options.replicas ? 'holds' : 'leads'} nothing that can move`)
    return
  }
  const what = moves.map(
    ({ topic, partition, before, replicas }) =>
      `move ${topic}-${partition} from ${before.join(',')} to ${replicas.join(',')}`,
  )
  if (!(await confirm(what, options))) return
  const started = await startMoves(session, moves)
  await awaitMoves(session, started)
  if (!options.replicas) await preferFirst(session, started)
  if (session.format === 'json') session.json({ broker, moves: started })
  else
    session.say(
      `Broker ${broker} ${options.replicas ? 'holds' : 'leads'} ${started.length} partitions less`,
    )
}
