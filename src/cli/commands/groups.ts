import type { Command } from 'commander'
import {
  type DescribedGroup,
  deleteGroups,
  deleteOffsets,
  describeGroup,
  listGroups,
} from '../../client/admin/groups.ts'
import type { TopicPartition } from '../../client/assignors.ts'
import { fetchCommitted } from '../../client/group-offsets.ts'
import { listOffsets } from '../../client/list-offsets.ts'
import { collect } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { type Session, withSession } from '../session.ts'
import { registerSeek, topicPartitions } from './group-seek.ts'

export function registerGroups(program: Command): void {
  const groups = program
    .command('groups')
    .alias('group')
    .description('List, describe, move and delete consumer groups')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla groups list\n  ottla groups lag billing\n  ottla groups seek billing --to start --dry-run',
    )
  groups
    .command('list')
    .alias('ls')
    .description('List groups')
    .option('--state <name>', 'only groups in this state, repeatable', collect)
    .option('--type <name>', 'only groups of this type: classic, consumer, share', collect)
    .action(withSession(list))
    .addHelpText('after', '\nExample:\n  ottla groups list --state Empty')
  groups
    .command('describe')
    .alias('desc')
    .description('Show the offsets, the lag and who reads what')
    .argument('<group...>', 'names')
    .action(withSession(describe))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla groups describe billing\n  ottla groups describe billing --format kafka',
    )
  groups
    .command('members')
    .description('Show the members and their partitions')
    .argument('<group...>', 'names')
    .action(withSession(members))
    .addHelpText('after', '\nExample:\n  ottla groups members billing --format json')
  groups
    .command('lag')
    .description('Show how far groups are behind, by topic')
    .argument('[group...]', 'names (default: all)')
    .action(withSession(lag))
    .addHelpText('after', '\nExample:\n  ottla groups lag')
  groups
    .command('delete')
    .alias('rm')
    .description('Delete groups without members, and their offsets')
    .argument('<group...>', 'names')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be deleted')
    .action(withSession(remove))
    .addHelpText('after', '\nExample:\n  ottla groups delete billing --yes')
  groups
    .command('delete-offsets')
    .description('Delete committed offsets of a group')
    .argument('<group>', 'name')
    .argument('<topic[:partitions]...>', 'topics, or partitions of them: orders:0,2-5')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be deleted')
    .action(withSession(removeOffsets))
    .addHelpText('after', '\nExample:\n  ottla groups delete-offsets billing orders:0 --yes')
  registerSeek(groups)
}

async function list(
  session: Session,
  options: { state?: string[]; type?: string[] },
): Promise<void> {
  const found = await listGroups(session.cluster, {
    states: options.state ?? [],
    types: options.type ?? [],
  })
  if (session.format === 'json') session.json({ groups: found })
  else if (session.format === 'kafka') for (const { groupId } of found) session.out.line(groupId)
  else
    session.table(
      ['GROUP', 'STATE', 'TYPE', 'PROTOCOL', 'COORDINATOR'],
      found.map((group) => [
        group.groupId,
        group.state,
        group.type,
        group.protocolType,
        group.coordinator,
      ]),
    )
}

async function describedOrFail(session: Session, groupId: string): Promise<DescribedGroup> {
  const group = await describeGroup(session.cluster, groupId)
  if (group.state !== 'Dead') return group
  const near = nearest(
    groupId,
    (await listGroups(session.cluster)).map((item) => item.groupId),
  )
  throw new Failure(`There is no group "${groupId}"${near ? `, did you mean "${near}"?` : ''}`)
}

export interface GroupRow extends TopicPartition {
  readonly current: number | null
  readonly end: number | null
  readonly lag: number | null
  readonly member: DescribedGroup['members'][number] | undefined
}

/** Everything a group has committed or is assigned, with the ends of the partitions. */
export async function rowsOf(session: Session, group: DescribedGroup): Promise<GroupRow[]> {
  const committed = await fetchCommitted(session.cluster, group.groupId, null)
  const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`
  const current = new Map(committed.map((item) => [keyOf(item), item.offset]))
  const owners = new Map(
    group.members.flatMap((member) =>
      member.assigned.map((item) => [keyOf(item), member] as const),
    ),
  )
  const all = new Map<string, TopicPartition>(
    [...committed, ...group.members.flatMap(({ assigned }) => assigned)].map((item) => [
      keyOf(item),
      item,
    ]),
  )
  const topics = await session.cluster.refresh([
    ...new Set([...all.values()].map(({ topic }) => topic)),
  ])
  const alive = new Set(topics.filter(({ errorCode }) => errorCode === 0).map(({ name }) => name))
  const asked = [...all.values()].filter(({ topic }) => alive.has(topic))
  const ends = await listOffsets(
    session.cluster,
    asked.map(({ topic, partition }) => ({ topic, partition, timestampMs: -1 })),
  )
  const endOf = new Map(ends.map((item) => [keyOf(item), item.offset]))
  return [...all.values()]
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
    .map(({ topic, partition }) => {
      const key = keyOf({ topic, partition })
      const offset = current.get(key) ?? -1
      const end = endOf.get(key) ?? null
      const known = offset >= 0 && end !== null
      return {
        topic,
        partition,
        current: offset < 0 ? null : offset,
        end,
        lag: known ? end - offset : null,
        member: owners.get(key),
      }
    })
}

async function describe(session: Session, names: string[]): Promise<void> {
  const documents: object[] = []
  for (const name of names) {
    const group = await describedOrFail(session, name)
    const rows = await rowsOf(session, group)
    if (session.format === 'json')
      documents.push({
        ...headOf(group),
        partitions: rows.map(({ member, ...row }) => ({
          ...row,
          memberId: member?.memberId ?? null,
        })),
      })
    else if (session.format === 'kafka') printAsKafka(session, group, rows)
    else {
      const total = rows.reduce((sum, row) => sum + (row.lag ?? 0), 0)
      session.out.line(
        `${name}  ${group.state}, ${group.type}${group.assignor ? ` (${group.assignor})` : ''}, ${group.members.length} members, coordinator ${group.coordinator}, lag ${total}`,
      )
      session.table(
        ['TOPIC', 'PARTITION', 'OFFSET', 'END', 'LAG', 'MEMBER', 'HOST'],
        rows.map((row) => [
          row.topic,
          row.partition,
          row.current,
          row.end,
          row.lag,
          row.member?.memberId,
          row.member?.host,
        ]),
      )
    }
  }
  if (session.format === 'json') session.json({ groups: documents })
}

const headOf = ({ groupId, type, state, assignor, coordinator }: DescribedGroup) => ({
  groupId,
  type,
  state,
  assignor,
  coordinator,
})

/** The columns of kafka-consumer-groups.sh. */
function printAsKafka(session: Session, group: DescribedGroup, rows: readonly GroupRow[]): void {
  if (group.members.length === 0)
    process.stderr.write(`\nConsumer group '${group.groupId}' has no active members.\n`)
  const cells = rows.map((row) => [
    group.groupId,
    row.topic,
    String(row.partition),
    String(row.current ?? '-'),
    String(row.end ?? '-'),
    String(row.lag ?? '-'),
    row.member?.memberId ?? '-',
    row.member?.host ?? '-',
    row.member?.clientId ?? '-',
  ])
  const width = (i: number, least: number) =>
    Math.max(least, ...cells.map((row) => row[i]!.length)) + 1
  const widths = [width(0, 15), width(1, 15), 11, 16, 16, 16, width(6, 15), width(7, 15)]
  const header = [
    'GROUP',
    'TOPIC',
    'PARTITION',
    'CURRENT-OFFSET',
    'LOG-END-OFFSET',
    'LAG',
    'CONSUMER-ID',
    'HOST',
    'CLIENT-ID',
  ]
  session.out.line()
  for (const row of [header, ...cells])
    session.out.line(
      row.map((cell, i) => (i < widths.length ? cell.padEnd(widths[i]!) : cell)).join(''),
    )
}

async function members(session: Session, names: string[]): Promise<void> {
  const found: DescribedGroup[] = []
  for (const name of names) found.push(await describedOrFail(session, name))
  if (session.format === 'json')
    session.json({ groups: found.map((group) => ({ ...headOf(group), members: group.members })) })
  else
    session.table(
      ['GROUP', 'MEMBER', 'INSTANCE', 'CLIENT', 'HOST', 'PARTITIONS'],
      found.flatMap((group) =>
        group.members.map((member) => [
          group.groupId,
          member.memberId,
          member.groupInstanceId,
          member.clientId,
          member.host,
          member.assigned.map(({ topic, partition }) => `${topic}:${partition}`).join(' '),
        ]),
      ),
    )
}

async function lag(session: Session, names: string[]): Promise<void> {
  const wanted =
    names.length > 0
      ? names
      : (await listGroups(session.cluster))
          .filter(
            ({ protocolType, type }) =>
              protocolType === 'consumer' || protocolType === '' || type === 'consumer',
          )
          .map(({ groupId }) => groupId)
  const rows: { group: string; topic: string; lag: number; partitions: number; state: string }[] =
    []
  for (const name of wanted) {
    const group = await describedOrFail(session, name)
    const byTopic = new Map<string, { lag: number; partitions: number }>()
    for (const row of await rowsOf(session, group)) {
      const sum = byTopic.get(row.topic) ?? { lag: 0, partitions: 0 }
      byTopic.set(row.topic, { lag: sum.lag + (row.lag ?? 0), partitions: sum.partitions + 1 })
    }
    for (const [topic, sum] of byTopic)
      rows.push({ group: name, topic, ...sum, state: group.state })
  }
  if (session.format === 'json') session.json({ lag: rows })
  else
    session.table(
      ['GROUP', 'TOPIC', 'PARTITIONS', 'LAG', 'STATE'],
      rows.map((row) => [row.group, row.topic, row.partitions, row.lag, row.state]),
    )
}

async function remove(session: Session, names: string[], options: Consent): Promise<void> {
  if (
    !(await confirm(
      names.map((name) => `delete group ${name} and its offsets`),
      options,
    ))
  )
    return
  const results = await deleteGroups(session.cluster, names)
  for (const { name, error } of results) {
    if (error) session.itemFailed(error)
    else if (session.format === 'table') session.say(`Deleted group ${name}`)
  }
  if (session.format === 'kafka' && results.every(({ error }) => !error))
    session.out.line(
      `Deletion of requested consumer groups (${names.map((name) => `'${name}'`).join(', ')}) was successful.`,
    )
  if (session.format === 'json')
    session.json({
      groups: results.map(({ name, error }) => ({ groupId: name, error: error?.name ?? null })),
    })
}

async function removeOffsets(
  session: Session,
  group: string,
  specs: string[],
  options: Consent,
): Promise<void> {
  const partitions = await topicPartitions(session, specs)
  const what = partitions.map(
    ({ topic, partition }) => `delete the offset of ${topic}-${partition} in group ${group}`,
  )
  if (!(await confirm(what, options))) return
  const results = await deleteOffsets(session.cluster, group, partitions)
  for (const { topic, partition, error } of results) {
    if (error) session.itemFailed(error)
    else if (session.format !== 'json')
      session.say(`Deleted the offset of ${topic}-${partition} in group ${group}`)
  }
  if (session.format === 'json')
    session.json({
      offsets: results.map(({ topic, partition, error }) => ({
        ...{ group, topic, partition },
        error: error?.name ?? null,
      })),
    })
}
