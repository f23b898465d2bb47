/** The part of `cluster` that asks: info, brokers, api-versions, features, quorum, logdirs. */
import type { Command } from 'commander'
import { apis } from '../../../protocol/apis.ts'
import {
  describeCluster,
  describeFeatures,
  describeLogDirectories,
  describeQuorum,
} from '../../client/admin/brokers.ts'
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
  if (options.broker !== undefined) await session.cluster.refresh([])
  const connection =
    options.broker === undefined
      ? await session.cluster.any()
      : await session.cluster.connection(options.broker)
  const rows = [...connection.apiRanges]
    .sort(([a], [b]) => a - b)
    .map(([key, [min, max]]) => ({
      key,
      name: apis.find((api) => api.key === key)?.name ?? null,
      min,
      max,
      used: (() => {
        const api = apis.find((item) => item.key === key)
        return api ? (connection.version(api) ?? null) : null
      })(),
    }))
  if (session.format === 'json') session.json({ broker: connection.name, apis: rows })
  else if (session.format === 'kafka') {
    const line = (row: (typeof rows)[number]) =>
      `\t${row.name ?? 'UNKNOWN'}(${row.key}): ${row.min === row.max ? row.min : `${row.min} to ${row.max}`} [usable: ${row.used ?? 'UNSUPPORTED'}]`
    session.out.line(
      `${connection.name} (id: ${connection.nodeId} rack: null isFenced: false) -> (`,
    )
    session.out.line(rows.map(line).join(',\n'))
    session.out.line(')')
  } else
    session.table(
      ['KEY', 'API', 'MIN', 'MAX', 'USED'],
      rows.map(({ key, name, min, max, used }) => [key, name, min, max, used]),
    )
}

async function features(session: Session): Promise<void> {
  const found = await describeFeatures(session.cluster)
  if (session.format === 'json') session.json({ features: found })
  else if (session.format === 'kafka')
    for (const { name, supportedMin, supportedMax, finalized, epoch } of found)
      session.out.line(
        `Feature: ${name}\tSupportedMinVersion: ${supportedMin}\tSupportedMaxVersion: ${supportedMax}\tFinalizedVersionLevel: ${finalized}\tEpoch: ${epoch}`,
      )
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
