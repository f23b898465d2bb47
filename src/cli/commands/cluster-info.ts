/** The part of `cluster` that asks: info, brokers, api-versions, features, quorum, logdirs. */
import type { Command } from 'commander'
import { apis } from '../../../protocol/apis.ts'
import {
  describeCluster,
  describeFeatures,
  describeLogDirectories,
  describeQuorum,
} from '../../client/admin/brokers.ts'
import type { BrokerConnection } from '../../client/connection.ts'
import { brokerError } from '../../client/kafka-error.ts'
import { integer } from '../arguments.ts'
import { type Session, withSession } from '../session.ts'

export function registerClusterInfo(cluster: Command): void {
  cluster
    .command('info')
    .description('Show the id of the cluster, its brokers and its topics in numbers')
    .action(withSession(info))
    .addHelpText('after', '\nExample:\n  ottla cluster info')
  cluster
    .command('api-versions')
    .description('Show which versions of each API a broker speaks')
    .option('--broker <id>', 'which one (default: the first that answers)', integer(0))
    .action(withSession(apiVersions))
    .addHelpText('after', '\nExample:\n  ottla cluster api-versions --format json')
  cluster
    .command('features')
    .description('Show the features of the cluster and their levels')
    .action(withSession(features))
    .addHelpText('after', '\nExample:\n  ottla cluster features')
  cluster
    .command('quorum')
    .description('Show the metadata quorum: leader, voters, observers')
    .action(withSession(quorum))
    .addHelpText('after', '\nExample:\n  ottla cluster quorum')
  cluster
    .command('logdirs')
    .description('Show the log directories of brokers and what is in them')
    .option('--broker <id>', 'only this one', integer(0))
    .option('--partitions', 'with each partition')
    .action(withSession(logDirectories))
    .addHelpText('after', '\nExample:\n  ottla cluster logdirs --partitions')
}

async function info(session: Session): Promise<void> {
  const found = await describeCluster(session.cluster)
  const topics = await session.cluster.refresh('all')
  const partitions = topics.flatMap((topic) => topic.partitions)
  const counts = {
    topics: topics.length,
    partitions: partitions.length,
    leaderless: partitions.filter(({ leader }) => leader < 0).length,
    underReplicated: partitions.filter(({ isr, replicas }) => isr.length < replicas.length).length,
  }
  if (session.format === 'json') {
    session.json({ ...found, ...counts })
    return
  }
  session.out.line(`cluster     ${found.clusterId ?? '-'}`)
  session.out.line(`controller  ${found.controllerId}`)
  session.out.line(
    `topics      ${counts.topics} with ${counts.partitions} partitions, ${counts.leaderless} without a leader, ${counts.underReplicated} under-replicated`,
  )
  session.table(
    ['BROKER', 'ADDRESS', 'RACK', 'LEADS', 'STATE'],
    found.brokers.map(({ id, host, port, rack, fenced }) => [
      id,
      `${host}:${port}`,
      rack,
      partitions.filter(({ leader }) => leader === id).length,
      fenced ? 'fenced' : 'active',
    ]),
  )
}

async function apiVersions(session: Session, options: { broker?: number }): Promise<void> {
  const { cluster } = session
  await cluster.refresh([])
  const all = session.format === 'kafka' && options.broker === undefined
  const ids = all ? [...cluster.metadata.brokers.keys()].sort((a, b) => a - b) : [options.broker]
  for (const id of ids) {
    const connection = await (id === undefined ? cluster.any() : cluster.connection(id))
    const rows = apiRows(connection)
    if (session.format === 'json') session.json({ broker: connection.name, apis: rows })
    else if (session.format === 'kafka') printVersionsAsKafka(session, connection, rows)
    else
      session.table(
        ['KEY', 'API', 'MIN', 'MAX', 'USED'],
        rows.map(({ key, name, min, max, used }) => [key, name, min, max, used]),
      )
  }
}

const apiRows = (connection: BrokerConnection) =>
  [...connection.apiRanges]
    .sort(([a], [b]) => a - b)
    .map(([key, [min, max]]) => {
      const api = apis.find((item) => item.key === key)
      const used = api ? (connection.version(api) ?? null) : null
      return { key, name: api?.name ?? null, min, max, used }
    })

/** Between brokers and controllers: Kafka's tool does not list them. */
const internalKeys = new Set([52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82])

/** The text of kafka-broker-api-versions.sh: what the broker lacks is listed too. */
function printVersionsAsKafka(
  session: Session,
  connection: BrokerConnection,
  rows: ReturnType<typeof apiRows>,
): void {
  const offered = new Map(rows.map((row) => [row.key, row]))
  const known = apis.filter(({ key }) => offered.has(key) || !internalKeys.has(key))
  const unknown = rows.filter(({ key }) => !apis.some((api) => api.key === key))
  const line = ({ key, name }: { key: number; name: string | null }) => {
    const row = offered.get(key)
    if (row === undefined) return `\t${name}(${key}): UNSUPPORTED`
    const range = row.min === row.max ? row.min : `${row.min} to ${row.max}`
    return `\t${name ?? 'UNKNOWN'}(${key}): ${range} [usable: ${row.used ?? 'UNSUPPORTED'}]`
  }
  const rack = session.cluster.metadata.brokers.get(connection.nodeId)?.rack ?? null
  session.out.line(
    `${connection.name} (id: ${connection.nodeId} rack: ${rack} isFenced: false) -> (`,
  )
  session.out.line([...known, ...unknown].map(line).join(',\n'))
  session.out.line(')')
}

/** What Kafka calls the levels of metadata.version. */
// biome-ignore format: rows by release
const metadataVersions: Readonly<Record<number, string>> = {
  7: '3.3-IV3', 8: '3.4-IV0', 9: '3.5-IV0', 10: '3.5-IV1', 11: '3.5-IV2',
  12: '3.6-IV0', 13: '3.6-IV1', 14: '3.6-IV2',
  15: '3.7-IV0', 16: '3.7-IV1', 17: '3.7-IV2', 18: '3.7-IV3', 19: '3.7-IV4',
  20: '3.8-IV0', 21: '3.9-IV0', 22: '4.0-IV0', 23: '4.0-IV1', 24: '4.0-IV2', 25: '4.0-IV3',
  26: '4.1-IV0', 27: '4.1-IV1', 28: '4.2-IV0', 29: '4.2-IV1', 30: '4.3-IV0',
}

async function features(session: Session): Promise<void> {
  const found = await describeFeatures(session.cluster)
  if (session.format === 'json') session.json({ features: found })
  else if (session.format === 'kafka')
    for (const { name, supportedMin, supportedMax, finalized, epoch } of found) {
      const [min, max, level] = [supportedMin, supportedMax, finalized].map((number) =>
        name === 'metadata.version' ? (metadataVersions[number] ?? `${number}`) : `${number}`,
      )
      session.out.line(
        `Feature: ${name}\tSupportedMinVersion: ${min}\tSupportedMaxVersion: ${max}\tFinalizedVersionLevel: ${level}\tEpoch: ${epoch}`,
      )
    }
  else
    session.table(
      ['FEATURE', 'MIN', 'MAX', 'LEVEL'],
      found.map(({ name, supportedMin, supportedMax, finalized }) => [
        name,
        supportedMin,
        supportedMax,
        finalized,
      ]),
    )
}

async function quorum(session: Session): Promise<void> {
  const found = await describeQuorum(session.cluster)
  const row = (role: string) => (replica: (typeof found.currentVoters)[number]) => ({
    id: replica.replicaId,
    role: replica.replicaId === found.leaderId ? 'leader' : role,
    logEndOffset: replica.logEndOffset,
    lag: Math.max(0, found.highWatermark - replica.logEndOffset),
    lastCaughtUpMs: replica.lastCaughtUpTimestamp,
  })
  const replicas = [
    ...found.currentVoters.map(row('voter')),
    ...found.observers.map(row('observer')),
  ]
  if (session.format === 'json') {
    const { leaderId, leaderEpoch, highWatermark } = found
    session.json({ leaderId, leaderEpoch, highWatermark, replicas })
    return
  }
  session.out.line(
    `leader ${found.leaderId}, epoch ${found.leaderEpoch}, high watermark ${found.highWatermark}`,
  )
  session.table(
    ['NODE', 'ROLE', 'LOG END', 'LAG', 'CAUGHT UP'],
    replicas.map(({ id, role, logEndOffset, lag, lastCaughtUpMs }) => [
      id,
      role,
      logEndOffset,
      lag,
      lastCaughtUpMs < 0 ? null : new Date(lastCaughtUpMs).toISOString(),
    ]),
  )
}

async function logDirectories(
  session: Session,
  options: { broker?: number; partitions?: boolean },
): Promise<void> {
  const found = await describeLogDirectories(
    session.cluster,
    options.broker === undefined ? undefined : [options.broker],
  )
  for (const { path, broker, errorCode } of found)
    if (errorCode !== 0) session.itemFailed(brokerError(errorCode, `${path} of broker ${broker}`))
  if (session.format === 'json') session.json({ directories: found })
  else if (options.partitions)
    session.table(
      ['BROKER', 'TOPIC', 'PARTITION', 'BYTES', 'LAG', 'DIRECTORY'],
      found.flatMap(({ broker, path, replicas }) =>
        [...replicas]
          .sort((a, b) => b.sizeBytes - a.sizeBytes)
          .map(({ topic, partition, sizeBytes, offsetLag }) => [
            broker,
            topic,
            partition,
            sizeBytes,
            offsetLag,
            path,
          ]),
      ),
    )
  else
    session.table(
      ['BROKER', 'DIRECTORY', 'PARTITIONS', 'BYTES', 'FREE', 'TOTAL'],
      found.map(({ broker, path, replicas, usableBytes, totalBytes }) => [
        broker,
        path,
        replicas.length,
        replicas.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        usableBytes < 0 ? null : usableBytes,
        totalBytes < 0 ? null : totalBytes,
      ]),
    )
}
