import type { Command } from 'commander'
import { describeConfigs } from '../../client/admin/configs.ts'
import { describeReplicas } from '../../client/admin/replicas.ts'
import { createTopics, deleteTopics } from '../../client/admin/topics.ts'
import { brokerError } from '../../client/kafka-error.ts'
import type { TopicInfo } from '../../client/metadata.ts'
import { hashMapOrder, javaStringHash } from '../../core/group/java-hash-order.ts'
import { integer, pairs, replicaAssignment } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { usageFailure } from '../failure.ts'
import { type Session, withSession } from '../session.ts'
import { registerTopicChanges } from './topic-changes.ts'

export function registerTopics(program: Command): void {
  const topics = program
    .command('topics')
    .alias('topic')
    .description('List, create, describe, change and delete topics')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics create orders --partitions 3\n  ottla topics describe orders\n  ottla topics delete orders --dry-run',
    )
  topics
    .command('list')
    .alias('ls')
    .description('List topics')
    .option('--internal', 'internal topics too')
    .option('--exclude-internal', 'leave internal topics out, as is usual here')
    .action(withSession(list))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics list --internal\n  ottla topics list --format json | jq .topics[].name',
    )
  topics
    .command('create')
    .description('Create topics')
    .argument('<topic...>', 'names')
    .option('-p, --partitions <n>', "how many partitions (default: the broker's)", integer(1))
    .option('-r, --replication-factor <n>', "copies of each (default: the broker's)", integer(1))
    .option('--replica-assignment <list>', 'brokers of each partition: 1:2,2:3', replicaAssignment)
    .option('-c, --config <name=value>', 'a configuration of the topic, repeatable', pairs)
    .option('--if-not-exists', 'no error when it exists')
    .option('--dry-run', 'let the broker check it only')
    .action(withSession(create))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics create orders --partitions 6 --replication-factor 3\n  ottla topics create users --config cleanup.policy=compact --if-not-exists',
    )
  topics
    .command('describe')
    .alias('desc')
    .description('Show partitions, leaders, replicas and configurations')
    .argument('[topic...]', 'names (default: all)')
    .option('--under-replicated-partitions', 'only partitions with replicas out of sync')
    .option('--unavailable-partitions', 'only partitions without a leader')
    .option('--topics-with-overrides', 'only topics with configurations of their own')
    .action(withSession(describe))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics describe orders\n  ottla topics describe --format kafka --under-replicated-partitions',
    )
  topics
    .command('delete')
    .alias('rm')
    .description('Delete topics and all their records')
    .argument('<topic...>', 'names')
    .option('--if-exists', 'no error when one is missing')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be deleted')
    .action(withSession(remove))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla topics delete orders --dry-run\n  ottla topics delete orders invoices --yes',
    )
  registerTopicChanges(topics)
}

async function list(session: Session, options: { internal?: boolean }): Promise<void> {
  const all = await session.cluster.refresh('all')
  const wanted = options.internal || session.format === 'kafka'
  const topics = all.filter((topic) => wanted || !topic.isInternal).sort(byName)
  if (session.format === 'kafka') for (const { name } of topics) session.out.line(name)
  else if (session.format === 'json')
    session.json({
      topics: topics.map((topic) => ({
        name: topic.name,
        topicId: topic.topicId ?? null,
        internal: topic.isInternal,
        partitions: topic.partitions.length,
        replicationFactor: replicationOf(topic),
      })),
    })
  else
    session.table(
      ['TOPIC', 'PARTITIONS', 'REPLICAS'],
      topics.map((topic) => [topic.name, topic.partitions.length, replicationOf(topic)]),
    )
}

const byName = (a: TopicInfo, b: TopicInfo) => (a.name < b.name ? -1 : 1)
const replicationOf = (topic: TopicInfo) => topic.partitions[0]?.replicas.length ?? 0

interface CreateOptions {
  partitions?: number
  replicationFactor?: number
  replicaAssignment?: number[][]
  config?: ReadonlyMap<string, string>
  ifNotExists?: boolean
  dryRun?: boolean
}

async function create(session: Session, names: string[], options: CreateOptions): Promise<void> {
  const { partitions, replicationFactor, replicaAssignment: assignment, config } = options
  if (assignment && (partitions !== undefined || replicationFactor !== undefined))
    throw usageFailure('--replica-assignment stands for --partitions and --replication-factor')
  const results = await createTopics(
    session.cluster,
    names.map((name) => ({ name, partitions, replicationFactor, assignment, configs: config })),
    options.dryRun,
  )
  for (const { name, error } of results) {
    const exists = error?.name === 'TOPIC_ALREADY_EXISTS'
    if (error && !(exists && options.ifNotExists)) session.itemFailed(error)
    else if (session.format === 'kafka') {
      if (!error) session.out.line(`Created topic ${name}.`)
    } else if (session.format === 'table')
      session.say(
        exists
          ? `Topic ${name} exists already`
          : options.dryRun
            ? `Topic ${name} could be created`
            : `Created topic ${name}`,
      )
  }
  if (session.format === 'json')
    session.json({
      topics: results.map(({ error, ...topic }) => ({ ...topic, error: error?.name ?? null })),
    })
}

interface DescribeOptions {
  underReplicatedPartitions?: boolean
  unavailablePartitions?: boolean
  topicsWithOverrides?: boolean
}

async function describe(
  session: Session,
  names: string[],
  options: DescribeOptions,
): Promise<void> {
  const found = await session.cluster.refresh(names.length > 0 ? names : 'all')
  const described: DescribedTopic[] = []
  for (const topic of found.sort(byName)) {
    if (topic.errorCode === 3) throw await session.unknownTopic(topic.name)
    if (topic.errorCode !== 0) {
      session.itemFailed(brokerError(topic.errorCode, `Topic ${topic.name}`))
      continue
    }
    const configs = await configsOf(session, topic.name)
    const own = configs.filter(({ source }) => source === 'DYNAMIC_TOPIC_CONFIG')
    // Kafka shows what the brokers set for all topics too, in the order of Java's hash map.
    const inJavasOrder = hashMapOrder(configs, (config) => javaStringHash(config.name))
    const shown = inJavasOrder.filter(({ source }) => source !== 'DEFAULT_CONFIG')
    const overrides = session.format === 'kafka' ? shown : own
    if (options.topicsWithOverrides && overrides.length === 0) continue
    described.push({ topic, own, shown })
  }
  if (session.format === 'json') printJson(session, described)
  else if (session.format === 'kafka') await printAsKafka(session, described, options)
  else for (const item of described) printTopic(session, item, options)
}

/** None where the broker does not tell them, or not us. */
async function configsOf(session: Session, name: string) {
  try {
    return await describeConfigs(session.cluster, { type: 'topic', name })
  } catch (error) {
    const { name: reason } = error as Error
    if (reason === 'UNSUPPORTED_FEATURE' || reason === 'TOPIC_AUTHORIZATION_FAILED') return []
    throw error
  }
}

interface DescribedTopic {
  readonly topic: TopicInfo
  readonly own: readonly { name: string; value: string | null }[]
  readonly shown: readonly { name: string; value: string | null }[]
}

function printJson(session: Session, described: readonly DescribedTopic[]): void {
  session.json({
    topics: described.map(({ topic, own }) => ({
      name: topic.name,
      topicId: topic.topicId ?? null,
      internal: topic.isInternal,
      configs: Object.fromEntries(own.map(({ name, value }) => [name, value])),
      partitions: topic.partitions.map(({ partition, leader, leaderEpoch, replicas, isr }) => ({
        partition,
        leader,
        leaderEpoch,
        replicas,
        isr,
      })),
    })),
  })
}

function wantedPartitions(topic: TopicInfo, options: DescribeOptions) {
  return topic.partitions.filter(
    ({ leader, isr, replicas }) =>
      (!options.underReplicatedPartitions || isr.length < replicas.length) &&
      (!options.unavailablePartitions || leader < 0),
  )
}

function printTopic(session: Session, described: DescribedTopic, options: DescribeOptions): void {
  const { topic, own } = described
  const partitions = wantedPartitions(topic, options)
  const filtered = options.underReplicatedPartitions || options.unavailablePartitions
  if (filtered && partitions.length === 0) return
  const configs = own.map(({ name, value }) => `${name}=${value ?? ''}`).join(' ')
  session.out.line(
    `${topic.name}  ${topic.partitions.length} partitions, ${replicationOf(topic)} replicas${topic.isInternal ? ', internal' : ''}${topic.topicId ? `, id ${topic.topicId}` : ''}`,
  )
  if (configs) session.out.line(`configs: ${configs}`)
  session.table(
    ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC'],
    partitions.map(({ partition, leader, leaderEpoch, replicas, isr }) => [
      partition,
      leader < 0 ? null : leader,
      leaderEpoch,
      replicas.join(','),
      isr.join(','),
    ]),
  )
}

/** The text of kafka-topics.sh of 4.x. */
async function printAsKafka(
  session: Session,
  described: readonly DescribedTopic[],
  options: DescribeOptions,
): Promise<void> {
  const names = described.map(({ topic }) => topic.name)
  const states = await describeReplicas(session.cluster, names)
  const eligible = new Map(states.map((state) => [`${state.topic}/${state.partition}`, state]))
  const list = (ids: readonly number[] | null | undefined) => ids?.join(',') ?? 'N/A'
  for (const { topic, shown } of described) {
    const partitions = wantedPartitions(topic, options)
    const filtered = options.underReplicatedPartitions || options.unavailablePartitions
    const configs = shown.map(({ name, value }) => `${name}=${value ?? ''}`).join(',')
    if (!filtered)
      session.out.line(
        `Topic: ${topic.name}\tTopicId: ${topic.topicId ?? ''}\tPartitionCount: ${topic.partitions.length}\tReplicationFactor: ${replicationOf(topic)}\tConfigs: ${configs}`,
      )
    if (options.topicsWithOverrides) continue
    for (const { partition, leader, replicas, isr } of partitions) {
      const { elr, lastKnownElr } = eligible.get(`${topic.name}/${partition}`) ?? {}
      session.out.line(
        `\tTopic: ${topic.name}\tPartition: ${partition}\tLeader: ${leader < 0 ? 'none' : leader}\tReplicas: ${replicas.join(',')}\tIsr: ${isr.join(',')}\tElr: ${list(elr)}\tLastKnownElr: ${list(lastKnownElr)}`,
      )
    }
  }
}

async function remove(
  session: Session,
  names: string[],
  options: Consent & { ifExists?: boolean },
): Promise<void> {
  const found = await session.cluster.refresh(names)
  const known = found.filter(({ errorCode }) => errorCode === 0)
  for (const { name, errorCode } of found) {
    if (errorCode === 0 || (errorCode === 3 && options.ifExists)) continue
    session.itemFailed(
      errorCode === 3 ? await session.unknownTopic(name) : brokerError(errorCode, `Topic ${name}`),
    )
  }
  if (known.length === 0) return
  const what = known.map(
    ({ name, partitions }) => `delete topic ${name} with ${partitions.length} partitions`,
  )
  if (!(await confirm(what, options))) return
  const results = await deleteTopics(
    session.cluster,
    known.map(({ name }) => name),
  )
  for (const { name, error } of results) {
    if (error) session.itemFailed(error)
    else if (session.format === 'table') session.say(`Deleted topic ${name}`)
  }
  if (session.format === 'json')
    session.json({
      topics: results.map(({ name, error }) => ({ name, error: error?.name ?? null })),
    })
}
