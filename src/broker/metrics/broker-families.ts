/** What a broker tells of itself, in the names that dashboards for Kafka ask for where Kafka has them. */
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import type { TopicTraffic } from '../topic-traffic.ts'
import type { Traffic } from '../traffic.ts'
import { counter, type Family, gauge } from './family.ts'
import { groupFamilies } from './group-families.ts'
import { partitionFamilies } from './partition-families.ts'
import { requestFamilies } from './request-families.ts'

export function brokerFamilies(broker: Broker): Family[] {
  return [
    ...trafficFamilies(broker),
    ...replicaFamilies(broker),
    ...partitionFamilies(broker),
    ...stateFamilies(broker),
    ...groupFamilies(broker),
  ]
}

function trafficFamilies({ traffic, server }: Broker): Family[] {
  const { produced, fetched, replicated } = traffic
  const topics = 'kafka_server_brokertopicmetrics'
  return [
    ...requestFamilies(traffic),
    counter(
      'ottla_network_received_bytes_total',
      'Bytes that were read from connections.',
      () => traffic.receivedBytes,
    ),
    counter(
      'ottla_network_sent_bytes_total',
      'Bytes that were written to connections.',
      () => traffic.sentBytes,
    ),
    byTopic(
      traffic,
      `${topics}_bytesin_total`,
      'Bytes of batches that were appended as their leader: in all, and by topic.',
      () => produced.bytes,
      ({ bytesIn }) => bytesIn,
    ),
    byTopic(
      traffic,
      `${topics}_messagesin_total`,
      'Records that were appended as their leader: in all, and by topic.',
      () => produced.records,
      ({ recordsIn }) => recordsIn,
    ),
    byTopic(
      traffic,
      `${topics}_bytesout_total`,
      'Bytes of batches that consumers were sent: in all, and by topic.',
      () => fetched.bytes,
      ({ bytesOut }) => bytesOut,
    ),
    counter(
      `${topics}_failedproducerequests_total`,
      'Partitions of Produce requests that were answered with an error.',
      () => produced.failed,
    ),
    counter(
      `${topics}_failedfetchrequests_total`,
      'Partitions of Fetch requests of consumers that were answered with an error.',
      () => fetched.failed,
    ),
    counter(
      `${topics}_replicationbytesin_total`,
      'Bytes of batches that were copied from leaders.',
      () => replicated.bytesIn,
    ),
    counter(
      `${topics}_replicationbytesout_total`,
      'Bytes of batches that followers were sent.',
      () => replicated.bytesOut,
    ),
    {
      name: 'ottla_connections_closed_total',
      help: 'Connections that the broker ended: they sent no valid request, did not end one in time, held too much memory with it, read no answers, or were idle.',
      type: 'counter',
      labels: ['reason'],
      read: () =>
        Object.entries(server.closed).map(([reason, value]) => ({ labels: { reason }, value })),
    },
    gauge(
      'kafka_server_socket_server_metrics_connection_count',
      'Connections of clients and of other brokers.',
      () => server.connectionCount,
    ),
  ]
}

/** As Kafka's exporter tells it: the sum without a label, and each topic with one. */
function byTopic(
  { topics }: Traffic,
  name: string,
  help: string,
  sum: () => number,
  of: (traffic: TopicTraffic) => number,
): Family {
  return {
    name,
    help,
    type: 'counter',
    labels: ['topic'],
    read: () => [
      { labels: {}, value: sum() },
      ...[...topics.entries()].map(([topic, each]) => ({ labels: { topic }, value: of(each) })),
    ],
  }
}

function replicaFamilies(broker: Broker): Family[] {
  const { partitions, logs, traffic } = broker
  const count = (counts: (partition: Partition) => boolean) => () => {
    let found = 0
    for (const partition of partitions.all()) if (counts(partition)) found++
    return found
  }
  const leads = (partition: Partition) => partition.role === 'leader'
  const manager = 'kafka_server_replicamanager'
  return [
    gauge(
      `${manager}_partitioncount`,
      'Replicas on this broker.',
      count(() => true),
    ),
    gauge(`${manager}_leadercount`, 'Partitions that this broker leads.', count(leads)),
    gauge(
      `${manager}_underreplicatedpartitions`,
      'Partitions led here with replicas that are not in sync.',
      count((one) => leads(one) && one.image.isr.length < one.image.replicas.length),
    ),
    gauge(
      `${manager}_underminisrpartitioncount`,
      'Partitions led here with fewer replicas in sync than `min.insync.replicas`.',
      count((one) => leads(one) && one.image.isr.length < one.minInsyncReplicas),
    ),
    gauge(
      `${manager}_offlinereplicacount`,
      'Replicas on this broker whose log cannot be used.',
      count(({ isBroken }) => isBroken),
    ),
    counter(
      `${manager}_isrshrinks_total`,
      'Times that a replica of a partition led here fell out of sync.',
      () => traffic.isr.shrinks,
    ),
    counter(
      `${manager}_isrexpands_total`,
      'Times that a replica of a partition led here came into sync.',
      () => traffic.isr.expands,
    ),
    gauge(
      'kafka_log_logmanager_offlinelogdirectorycount',
      'Directories of `log.dirs` that failed.',
      () => logs.directories.filter(({ disk }) => disk.failure !== undefined).length,
    ),
  ]
}

function stateFamilies(broker: Broker): Family[] {
  return [
    gauge(
      'ottla_lease_held',
      'Whether the broker holds a lease: without it it answers nothing.',
      () => (broker.joined && broker.session.lease.valid() ? 1 : 0),
    ),
    counter('ottla_leases_lost_total', 'Times that a lease of this broker ended.', () =>
      broker.joined ? broker.session.leasesLost : 0,
    ),
    gauge('ottla_coordinator_connected', 'Whether a session with the coordinator stands.', () =>
      broker.joined && broker.session.connected ? 1 : 0,
    ),
    gauge('ottla_groups', 'Groups that this broker coordinates.', () => {
      return broker.serving?.describe().groups ?? 0
    }),
    gauge('ottla_group_requests_waiting', 'Requests of group members that wait for others.', () => {
      return broker.serving?.describe().waiting ?? 0
    }),
  ]
}
