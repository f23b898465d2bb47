/** The part of `topics` that changes what exists: alter, add-partitions, trim. */
import type { Command } from 'commander'
import { alterConfigs, type ConfigChange } from '../../client/admin/configs.ts'
import { createPartitions, deleteRecords } from '../../client/admin/topics.ts'
import { listOffsets } from '../../client/list-offsets.ts'
import { collect, integer, pairs, partitionList, replicaAssignment } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure, usageFailure } from '../failure.ts'
import { type Session, withSession } from '../session.ts'
import { parseTime } from '../time.ts'

export function registerTopicChanges(topics: Command): void {
  topics
    .command('alter')
    .description('Change configurations of topics')
    .argument('<topic...>', 'names')
    .option('-s, --set <name=value>', 'set a configuration, repeatable', pairs)
    .option('-d, --delete <name>', 'go back to the default, repeatable', collect)
    .option('-y, --yes', 'delete without a question')
    .option('--dry-run', 'let the broker check it only')
    .action(withSession(alter))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics alter orders --set retention.ms=3600000\n  ottla topics alter orders --delete retention.ms --yes',
    )
  topics
    .command('add-partitions')
    .description('Give a topic more partitions')
    .argument('<topic>', 'name')
    .option('-n, --num <n>', 'how many more', integer(1))
    .option('--to <n>', 'how many in all', integer(1))
    .option('--replica-assignment <list>', 'brokers of each new partition', replicaAssignment)
    .option('--dry-run', 'let the broker check it only')
    .action(withSession(addPartitions))
    .addHelpText('after', '\nExample:\n  ottla topics add-partitions orders --num 3')
  topics
    .command('trim')
    .description('Delete the records before an offset or a time')
    .argument('<topic>', 'name')
    .option('-p, --partitions <list>', 'only these: 0,2-5', partitionList)
    .option('--offset <n>', 'delete what is before this offset', integer(0, 2 ** 53))
    .option('--before <time>', 'delete what is older: 2026-11-22T10:00, -3d')
    .option('--all', 'delete everything')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be deleted')
    .action(withSession(trim))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics trim orders --before -7d --dry-run\n  ottla topics trim orders --partitions 0 --offset 1000 --yes',
    )
}

async function alter(
  session: Session,
  names: string[],
  options: Consent & { set?: ReadonlyMap<string, string>; delete?: string[] },
): Promise<void> {
  const changes: ConfigChange[] = [
    ...[...(options.set ?? [])].map(([name, value]) => ({
      name,
      operation: 'set' as const,
      value,
    })),
    ...(options.delete ?? []).map((name) => ({ name, operation: 'delete' as const, value: null })),
  ]
  if (changes.length === 0) throw usageFailure('Nothing to change: give --set or --delete')
  const lost = names.flatMap((topic) =>
    (options.delete ?? []).map((name) => `set ${name} of topic ${topic} back to its default`),
  )
  const agreed = lost.length === 0 || (await confirm(lost, options))
  // A dry run goes on: the broker says whether it could be done.
  if (!agreed && !options.dryRun) return
  const outcomes: { name: string; error: string | null }[] = []
  for (const name of names) {
    const resource = { type: 'topic', name } as const
    const { error } = await alterConfigs(session.cluster, resource, changes, options.dryRun)
    outcomes.push({ name, error: error?.name ?? null })
    if (error?.code === 3) session.itemFailed(await session.unknownTopic(name))
    else if (error) session.itemFailed(error)
    else if (session.format === 'json') continue
    else if (session.format === 'kafka')
      session.out.line(`Completed updating config for topic ${name}.`)
    else session.say(options.dryRun ? `Topic ${name} could be changed` : `Changed topic ${name}`)
  }
  if (session.format === 'json') session.json({ topics: outcomes })
}

async function addPartitions(
  session: Session,
  name: string,
  options: { num?: number; to?: number; replicaAssignment?: number[][]; dryRun?: boolean },
): Promise<void> {
  if ((options.num === undefined) === (options.to === undefined))
    throw usageFailure('Give either --num, how many more, or --to, how many in all')
  const [topic] = await session.cluster.refresh([name])
  if (topic?.errorCode !== 0) throw await session.unknownTopic(name)
  const count = options.to ?? topic.partitions.length + options.num!
  const more = {
    name,
    count,
    ...(options.replicaAssignment && { assignment: options.replicaAssignment }),
  }
  const [result] = await createPartitions(session.cluster, [more], options.dryRun)
  if (result?.error) throw result.error
  const before = topic.partitions.length
  if (session.format === 'json') session.json({ name, partitions: count, before })
  else
    session.say(
      `Topic ${name} ${options.dryRun ? 'could have' : 'has'} ${count} partitions, before ${before}`,
    )
}

interface TrimOptions extends Consent {
  partitions?: number[]
  offset?: number
  before?: string
  all?: boolean
}

async function trim(session: Session, name: string, options: TrimOptions): Promise<void> {
  const ways = [options.offset, options.before, options.all].filter((way) => way !== undefined)
  if (ways.length !== 1) throw usageFailure('Give one of --offset, --before and --all')
  const [topic] = await session.cluster.refresh([name])
  if (topic?.errorCode !== 0) throw await session.unknownTopic(name)
  const wanted = options.partitions ?? topic.partitions.map(({ partition }) => partition)
  const missing = wanted.find((partition) => partition >= topic.partitions.length)
  if (missing !== undefined)
    throw new Failure(
      `Topic ${name} has ${topic.partitions.length} partitions, not partition ${missing}`,
    )
  const ask = (timestampMs: number) =>
    listOffsets(
      session.cluster,
      wanted.map((partition) => ({ topic: name, partition, timestampMs })),
    )
  const [starts, ends] = await Promise.all([ask(-2), ask(-1)])
  const atTime = options.before === undefined ? undefined : await ask(parseTime(options.before))
  const before = wanted.map((partition, i) => {
    const end = ends[i]!.offset
    const byTime = atTime?.[i]?.offset
    const offset = options.all ? end : (options.offset ?? (byTime === -1 ? end : byTime!))
    return { topic: name, partition, offset, count: Math.max(0, offset - starts[i]!.offset) }
  })
  const what = before.map(
    ({ partition, offset, count }) =>
      `delete ${count} records before offset ${offset} of ${name}-${partition}`,
  )
  if (!(await confirm(what, options))) return
  const results = await deleteRecords(session.cluster, before)
  for (const { error } of results) if (error) session.itemFailed(error)
  if (session.format === 'json')
    session.json({
      partitions: results.map(({ error, ...rest }) => ({ ...rest, error: error?.name ?? null })),
    })
  else if (session.format === 'table')
    session.table(
      ['TOPIC', 'PARTITION', 'LOG START'],
      results.map(({ topic, partition, lowWatermark }) => [topic, partition, lowWatermark]),
    )
  else
    for (const { topic, partition, lowWatermark } of results)
      session.out.line(`partition: ${topic}-${partition}\tlow_watermark: ${lowWatermark}`)
}
