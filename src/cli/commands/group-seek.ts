/** `groups seek`: moves the offsets of a group. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describeGroup } from '../../client/admin/groups.ts'
import type { TopicPartition } from '../../client/assignors.ts'
import { commitOffsets, fetchCommitted } from '../../client/group-offsets.ts'
import { earliest, latest, listOffsets } from '../../client/list-offsets.ts'
import { collect, partitionList } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure, usageFailure } from '../failure.ts'
import { parseStart, resolveStart } from '../records/start.ts'
import { type Session, withSession } from '../session.ts'

interface SeekOptions extends Consent {
  to?: string
  toGroup?: string
  toFile?: string
  by?: string
  topic?: string[]
}

export function registerSeek(groups: Command): void {
  groups
    .command('seek')
    .alias('reset-offsets')
    .description('Move the offsets of a group that has no members')
    .argument('<group>', 'name')
    .option('--to <where>', 'start, end, N, -N before the end, +N behind the start, @time')
    .option('--by <n>', 'so many records forward, or back: --by=-100')
    .option('--to-group <group>', 'where another group is')
    .option('--to-file <path>', 'lines of topic,partition,offset')
    .option(
      '-t, --topic <topic[:partitions]>',
      'only these (default: all it has offsets of)',
      collect,
    )
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say where it would be')
    .action(withSession(seek))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla groups seek billing --to start --dry-run\n  ottla groups seek billing --to @2026-11-22T10:00 --topic orders --yes\n  ottla groups seek billing --by=-100 --topic orders:0,2-5',
    )
}

/** `orders` is every partition of it, `orders:0,2-5` these. */
export async function topicPartitions(
  session: Session,
  specs: readonly string[],
): Promise<TopicPartition[]> {
  const found: TopicPartition[] = []
  for (const spec of specs) {
    const [, name = spec, list] = /^(.*?)(?::([\d,-]+))?$/.exec(spec)!
    const [topic] = await session.cluster.refresh([name])
    if (topic?.errorCode !== 0) throw await session.unknownTopic(name)
    const partitions =
      list === undefined ? topic.partitions.map((item) => item.partition) : partitionList(list)
    for (const partition of partitions) {
      if (partition >= topic.partitions.length)
        throw new Failure(
          `Topic ${name} has ${topic.partitions.length} partitions, not partition ${partition}`,
        )
      found.push({ topic: name, partition })
    }
  }
  return found
}

async function seek(session: Session, groupId: string, options: SeekOptions): Promise<void> {
  const ways = [options.to, options.by, options.toGroup, options.toFile]
  if (ways.filter((way) => way !== undefined).length !== 1)
    throw usageFailure('Give one of --to, --by, --to-group and --to-file')
  const { cluster } = session
  const group = await describeGroup(cluster, groupId)
  if (group.members.length > 0)
    throw new Failure(
      `Group ${groupId} has ${group.members.length} members: stop them first, they would commit over it`,
    )
  const committed = await fetchCommitted(cluster, groupId, null)
  const wanted = options.topic ? await topicPartitions(session, options.topic) : committed
  const targets = await clipped(session, await targetsOf(session, wanted, committed, options))
  if (targets.length === 0)
    throw new Failure(`Group ${groupId} has no offsets: name topics with --topic`)
  targets.sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
  const before = new Map(committed.map((item) => [`${item.topic}/${item.partition}`, item.offset]))
  const rows = targets.map(({ topic, partition, offset }) => ({
    group: groupId,
    topic,
    partition,
    before: before.get(`${topic}/${partition}`) ?? null,
    offset,
  }))
  if (session.format === 'table')
    session.table(
      ['TOPIC', 'PARTITION', 'BEFORE', 'AFTER'],
      rows.map((row) => [row.topic, row.partition, row.before, row.offset]),
    )
  session.out.flush()
  const what = [`set ${rows.length} offsets of group ${groupId}`]
  const done = await confirm(what, options)
  if (done) await commitOffsets(cluster, groupId, targets)
  if (session.format === 'json') session.json({ done, offsets: rows })
  else if (session.format === 'kafka')
    for (const row of rows)
      session.out.line(`${row.group} ${row.topic} ${row.partition} ${row.offset}`)
  else if (done) session.say(`Set ${rows.length} offsets of group ${groupId}`)
}

type Target = TopicPartition & { readonly offset: number }

async function targetsOf(
  session: Session,
  wanted: readonly TopicPartition[],
  committed: readonly Target[],
  options: SeekOptions,
): Promise<Target[]> {
  const isWanted = ({ topic, partition }: TopicPartition) =>
    !options.topic || wanted.some((item) => item.topic === topic && item.partition === partition)
  if (options.toFile !== undefined) return readTargets(options.toFile).filter(isWanted)
  if (options.toGroup !== undefined)
    return (await fetchCommitted(session.cluster, options.toGroup, null)).filter(isWanted)
  if (options.by !== undefined) {
    const by = Number(options.by)
    if (!Number.isInteger(by)) throw usageFailure(`--by: "${options.by}" is not a number`)
    return committed.filter(isWanted).map((item) => ({ ...item, offset: item.offset + by }))
  }
  const offsets = await resolveStart(session.cluster, wanted, parseStart(options.to!))
  return wanted.map(({ topic, partition }, i) => ({ topic, partition, offset: offsets[i]! }))
}

/** Not before the first record that is left, and not behind the end. */
async function clipped(session: Session, targets: readonly Target[]): Promise<Target[]> {
  const ask = (timestampMs: number) =>
    listOffsets(
      session.cluster,
      targets.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
    )
  const [starts, ends] = await Promise.all([ask(earliest), ask(latest)])
  return targets.map(({ topic, partition, offset }, i) => ({
    topic,
    partition,
    offset: Math.min(Math.max(offset, starts[i]!.offset), ends[i]!.offset),
  }))
}

/** The file that kafka-consumer-groups.sh --export writes. */
function readTargets(path: string): Target[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line, i) => {
      const match = /^"?([^",]+)"?,(\d+),(\d+)$/.exec(line)
      if (!match) throw new Failure(`${path}:${i + 1}: expected topic,partition,offset`)
      return { topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) }
    })
}
