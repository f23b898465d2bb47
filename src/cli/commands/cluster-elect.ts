/** `ottla cluster elect-leaders`. */
import type { Command } from 'commander'
import { Option } from 'commander'
import {
  describeReplicas,
  type ElectionType,
  electLeaders,
  type ReplicaState,
} from '../../client/admin/replicas.ts'
import { topicPartition } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { usageFailure } from '../failure.ts'
import { type Session, withSession } from '../session.ts'

interface Options extends Consent {
  readonly type: ElectionType
  readonly topic?: readonly string[]
  readonly all?: boolean
}

export function registerElectLeaders(cluster: Command): void {
  cluster
    .command('elect-leaders')
    .description('Give leaderships back to preferred replicas, or force a leader')
    .argument('[topic-partition...]', 'as orders-0')
    .addOption(
      new Option('--type <type>', 'unclean takes a replica that may lack acknowledged records')
        .choices(['preferred', 'unclean'])
        .default('preferred'),
    )
    .option('--topic <topic...>', 'all partitions of these topics')
    .option('--all', 'all partitions of the cluster')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be done')
    .action(withSession(elect))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla cluster elect-leaders --all --yes\n  ottla cluster elect-leaders orders-0 --type unclean',
    )
}

async function elect(session: Session, names: string[], options: Options): Promise<void> {
  const { type, topic = [], all } = options
  const asked = names.map(topicPartition)
  if ((asked.length > 0 || topic.length > 0) === (all === true))
    throw usageFailure('Say which partitions: orders-0, --topic orders, or --all')
  const topics = [...new Set([...topic, ...asked.map((one) => one.topic)])]
  const states = await describeReplicas(session.cluster, all ? 'all' : topics)
  const wanted = states.filter(
    (state) =>
      all ||
      topic.includes(state.topic) ||
      asked.some((one) => one.topic === state.topic && one.partition === state.partition),
  )
  const missing = asked.find(
    (one) => !states.some((s) => s.topic === one.topic && s.partition === one.partition),
  )
  if (missing) throw usageFailure(`There is no partition ${missing.topic}-${missing.partition}`)
  const due = wanted.filter((state) => isDue(state, type))
  if (due.length > 0) {
    const what = due.map((state) => sentence(state, type))
    if (!(await confirm(what, options))) return
  }
  const results = due.length === 0 ? [] : await electLeaders(session.cluster, type, due)
  for (const { error } of results) if (error) session.itemFailed(error)
  const done = results.filter(({ changed }) => changed)
  if (session.format === 'json')
    session.json({
      elected: results.map(({ error, ...rest }) => ({ ...rest, error: error?.name ?? null })),
    })
  else if (session.format === 'kafka') {
    const list = done.map((one) => `${one.topic}-${one.partition}`).join(', ')
    session.out.line(
      list
        ? `Successfully completed leader election (${type.toUpperCase()}) for partitions ${list}`
        : 'Valid replica already elected for partitions ',
    )
  } else if (due.length === 0) session.say('No partition needs an election')
  else session.say(`Elected leaders of ${done.length} of ${due.length} partitions`)
}

const isDue = ({ leader, replicas }: ReplicaState, type: ElectionType) =>
  type === 'preferred' ? leader !== replicas[0] : leader < 0

function sentence({ topic, partition, leader, replicas }: ReplicaState, type: ElectionType) {
  const from = leader < 0 ? 'nobody' : `broker ${leader}`
  return type === 'preferred'
    ? `move the leadership of ${topic}-${partition} from ${from} to broker ${replicas[0]}`
    : `make any live replica of ${topic}-${partition} (${replicas.join(', ')}) its leader: records that were acknowledged may be lost`
}
