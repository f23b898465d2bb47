/** The limits of a broker: everything that its clients, or its files, could make grow. */
import type { Broker } from '../broker.ts'
import { frameMemory } from '../connection.ts'
import type { NamedLimit } from './limit-families.ts'

export function brokerLimits(broker: Broker): NamedLimit[] {
  return [
    ...connectionLimits(broker),
    ...requestLimits(broker),
    ...groupLimits(broker),
    ...memoryLimits(broker),
  ]
}

function connectionLimits({ server }: Broker): NamedLimit[] {
  return [
    {
      name: 'connections',
      bounds: 'connections of clients (`max.connections`)',
      refusal: 'a connection is closed at once',
      read: () => server.admission.connectionLimit,
    },
    {
      name: 'connections_per_address',
      bounds: 'connections of one address (`max.connections.per.ip`)',
      refusal: 'a connection is closed at once',
      read: () => server.admission.addressLimit,
    },
    {
      name: 'connection_requests',
      bounds: 'requests of one connection that are worked on',
      refusal: 'its socket is not read for a while',
      read: () => server.backlogLimit('requests'),
    },
    {
      name: 'connection_queued_requests',
      bounds: 'requests of one connection that wait for those before them',
      refusal: 'its socket is not read for a while',
      read: () => server.backlogLimit('queuedRequests'),
    },
    {
      name: 'connection_queued_bytes',
      bounds: 'bytes of such requests',
      refusal: 'its socket is not read for a while',
      read: () => server.backlogLimit('queuedBytes'),
    },
    {
      name: 'connection_unread_bytes',
      bounds: 'bytes of answers that one client has not read',
      refusal: 'its socket is not read for a while',
      read: () => server.backlogLimit('unreadBytes'),
    },
  ]
}

function requestLimits(broker: Broker): NamedLimit[] {
  const { traffic, input, output, parkedFetches, fetchSessions, recordChecks } = broker
  return [
    {
      name: 'request_bytes',
      bounds: 'bytes of one request (`socket.request.max.bytes`)',
      refusal: 'the connection is closed',
      read: () => traffic.requestBytes,
    },
    {
      name: 'request_elements',
      bounds: 'array elements of one request',
      refusal: 'the connection is closed',
      read: () => traffic.elements,
    },
    {
      name: 'request_elements_of_partitions',
      bounds: 'array elements of a request that names partitions (Produce, Fetch, Metadata, …)',
      refusal: 'the connection is closed',
      read: () => traffic.elementsOfPartitions,
    },
    {
      name: 'unfinished_request_bytes',
      bounds: 'bytes of requests that have not come whole (`queued.max.request.bytes`)',
      refusal: 'the connection whose request began first is closed',
      read: () => input.limit,
    },
    {
      name: 'unread_answer_bytes',
      bounds: 'bytes of answers that clients have not read',
      refusal: 'a fetch waits, or is answered without records',
      read: () => output.limit,
    },
    {
      name: 'batch_bytes',
      bounds: 'bytes of one batch of records (`message.max.bytes`, a topic may have another)',
      refusal: 'the batch is refused with error 10',
      read: () => traffic.batchBytes,
    },
    {
      name: 'record_check_bytes',
      bounds: 'bytes of batches that wait for a look at their records',
      refusal: 'the batch is refused with error 7',
      read: () => recordChecks.limit,
    },
    {
      name: 'parked_fetch_partitions',
      bounds: 'partitions in fetches that wait for records',
      refusal: 'a fetch is answered at once',
      read: () => parkedFetches.limit,
    },
    {
      name: 'fetch_sessions',
      bounds: 'fetch sessions (`max.incremental.fetch.session.cache.slots`)',
      refusal: 'a client goes on without a session',
      read: () => fetchSessions.sessionLimit,
    },
    {
      name: 'fetch_session_partitions',
      bounds: 'partitions in fetch sessions',
      refusal: 'a client goes on without a session',
      read: () => fetchSessions.partitionLimit,
    },
    {
      name: 'coordinator_requests',
      bounds: 'requests to the coordinator that are not answered',
      refusal: 'a request is refused with error 41',
      read: () => (broker.joined ? broker.session.requests.limit : undefined),
    },
    {
      name: 'coordinator_request_bytes',
      bounds: 'bytes of a request that the coordinator decides',
      refusal: 'the request is refused with error 42',
      read: () => (broker.joined ? broker.session.requests.bytes : undefined),
    },
    {
      name: 'new_partitions',
      bounds: 'partitions that one request makes',
      refusal: 'the request is refused with error 44',
      read: () => traffic.newPartitions,
    },
    {
      name: 'described_values',
      bounds: 'values of configurations in one answer',
      refusal: 'the rest of the resources are answered with error 42',
      read: () => traffic.describedValues,
    },
  ]
}

function groupLimits(broker: Broker): NamedLimit[] {
  const { config, traffic } = broker
  const members = (type: 'classic' | 'consumer') => broker.serving?.largest(type) ?? 0
  return [
    {
      name: 'classic_group_members',
      bounds: 'members of one classic group (`group.max.size`)',
      refusal: 'a member is refused with error 81',
      read: () => ({
        used: members('classic'),
        max: config.get('group.max.size'),
        refused: traffic.groupsFull.classic,
      }),
    },
    {
      name: 'consumer_group_members',
      bounds: 'members of one consumer group (`group.consumer.max.size`)',
      refusal: 'a member is refused with error 81',
      read: () => ({
        used: members('consumer'),
        max: config.get('group.consumer.max.size'),
        refused: traffic.groupsFull.consumer,
      }),
    },
    {
      name: 'offset_metadata_bytes',
      bounds: 'bytes of the metadata of a committed offset (`offset.metadata.max.bytes`)',
      refusal: 'the offset is refused with error 12',
      read: () => traffic.offsetMetadata,
    },
  ]
}

function memoryLimits({ logs, traffic }: Broker): NamedLimit[] {
  const { files, indexes, buffers, producers } = logs.resources
  return [
    {
      name: 'log_producers',
      bounds: 'idempotent producers that one log remembers',
      refusal: 'a tenth is forgotten, those that wrote longest ago',
      read: () => producers,
    },
    {
      name: 'open_files',
      bounds: 'open files of segments',
      refusal: 'one that was not used lately is closed',
      read: () => files.limit,
    },
    {
      name: 'index_bytes',
      bounds: 'bytes of indexes in memory',
      refusal: 'the one that was loaded longest ago is dropped',
      read: () => indexes.limit,
    },
    {
      name: 'idle_buffer_bytes',
      bounds: 'bytes of buffers for reading that are kept for the next',
      refusal: 'a buffer is not kept',
      read: () => buffers.limit,
    },
    {
      name: 'idle_frame_bytes',
      bounds: 'bytes of memory for requests that is kept for the next',
      refusal: 'memory is not kept',
      read: () => frameMemory.limit,
    },
    {
      name: 'log_placements',
      bounds:
        'replicas that do not exist and shall be made in one of the directories (AlterReplicaLogDirs)',
      refusal: 'the replica is made where there are fewest logs',
      read: () => logs.preferenceLimit,
    },
    {
      name: 'metrics_topics',
      bounds: 'topics that have metrics of their own',
      refusal: 'a topic counts in the sums alone',
      read: () => traffic.topics.limit,
    },
    {
      name: 'metrics_partitions',
      bounds: 'partitions that have metrics of their own',
      refusal: 'a partition counts in the sums alone',
      read: () => traffic.told.partitions.limit,
    },
    {
      name: 'metrics_groups',
      bounds: 'groups that have metrics of their own',
      refusal: 'a group is not told by name',
      read: () => traffic.told.groups.limit,
    },
    {
      name: 'metrics_offsets',
      bounds: 'committed offsets that have metrics of their own',
      refusal: 'an offset is not told',
      read: () => traffic.told.offsets.limit,
    },
  ]
}
