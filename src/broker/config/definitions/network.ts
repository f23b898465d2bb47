/** Listeners, connections and requests. Names, defaults and limits: Kafka 4.3.1. */
import { definitions, int, list, long, string } from '../definition.ts'
import { intMax } from '../value.ts'

export const networkConfigs = definitions({
  'advertised.listeners': list(
    null,
    'Addresses that clients are told to connect to, where they differ from listeners; 0.0.0.0 is not allowed.',
    { notEmpty: true, importance: 'HIGH' },
  ),
  listeners: list(
    ['PLAINTEXT://:9092'],
    'Addresses to listen on, as NAME://host:port; an empty host means the default interface, 0.0.0.0 every interface.',
    { notEmpty: true, importance: 'HIGH', dynamic: 'per-broker' },
  ),
  'listener.security.protocol.map': string(
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'The security protocol of each listener name, as NAME:PROTOCOL pairs.',
    { importance: 'LOW', dynamic: 'per-broker' },
  ),
  'inter.broker.listener.name': string(
    null,
    'Listener that brokers use among themselves; excludes security.inter.broker.protocol.',
  ),
  'security.inter.broker.protocol': string(
    'PLAINTEXT',
    'Security protocol used among brokers, when no listener name is given for it.',
    { oneOf: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] },
  ),
  'early.start.listeners': list(
    null,
    'Listeners that may be started before the authorizer has finished its start.',
    { importance: 'HIGH' },
  ),
  'controller.listener.names': list(
    undefined,
    'Names of the listeners that the controller role uses.',
    { notEmpty: true, importance: 'HIGH' },
  ),
  'socket.send.buffer.bytes': int(
    102400,
    'Send buffer of the server sockets in bytes; -1 leaves the choice to the operating system.',
    { importance: 'HIGH' },
  ),
  'socket.receive.buffer.bytes': int(
    102400,
    'Receive buffer of the server sockets in bytes; -1 leaves the choice to the operating system.',
    { importance: 'HIGH' },
  ),
  'socket.request.max.bytes': int(
    104857600,
    'Largest request in bytes that is accepted from a client.',
    { min: 1, importance: 'HIGH' },
  ),
  'socket.listen.backlog.size': int(50, 'How many connections may wait to be accepted.', {
    min: 1,
  }),
  'socket.connection.setup.timeout.ms': long(
    10000,
    'How long an outgoing connection may take to be set up, in milliseconds, before another attempt.',
  ),
  'socket.connection.setup.timeout.max.ms': long(
    30000,
    'Upper bound in milliseconds of the set-up time, which grows with each failed attempt.',
  ),
  'max.connections.per.ip': int(
    intMax,
    'Connections allowed from one address; 0 allows only those in max.connections.per.ip.overrides.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'max.connections.per.ip.overrides': string(
    '',
    'Connections allowed for single addresses or host names, as host:count pairs.',
    { dynamic: 'cluster-wide' },
  ),
  'max.connections': int(intMax, 'Connections that this broker accepts in all at a time.', {
    min: 0,
    dynamic: 'cluster-wide',
  }),
  'max.connection.creation.rate': int(
    intMax,
    'New connections per second that this broker accepts.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'connections.max.idle.ms': long(
    600000,
    'A connection without traffic for this many milliseconds is closed.',
  ),
  'connection.failed.authentication.delay.ms': int(
    100,
    'How long a connection that failed to authenticate is held before it is closed, in milliseconds.',
    { min: 0, importance: 'LOW' },
  ),
  'queued.max.requests': int(
    500,
    'Requests that may wait before the network threads stop reading.',
    { min: 1, importance: 'HIGH' },
  ),
  'queued.max.request.bytes': long(
    -1,
    'Bytes of waiting requests after which no more are read; -1 for no limit.',
  ),
  'num.network.threads': int(3, 'Threads that Kafka uses for network traffic.', {
    min: 1,
    importance: 'HIGH',
    dynamic: 'cluster-wide',
  }),
  'num.io.threads': int(8, 'Threads that Kafka uses to handle requests.', {
    min: 1,
    importance: 'HIGH',
    dynamic: 'cluster-wide',
  }),
  'background.threads': int(10, 'Threads that Kafka uses for background work.', {
    min: 1,
    importance: 'HIGH',
    dynamic: 'cluster-wide',
  }),
  'request.timeout.ms': int(
    30000,
    'How long a request to another node may take, in milliseconds, before it is tried again or fails.',
    { importance: 'HIGH' },
  ),
  'max.request.partition.size.limit': int(
    2000,
    'Most partitions that one request may ask to describe.',
    { min: 1 },
  ),
  'fetch.max.bytes': int(57671680, 'Most bytes of records in one answer to a Fetch.', {
    min: 1024,
  }),
  'max.incremental.fetch.session.cache.slots': int(1000, 'Fetch sessions that are kept.', {
    min: 0,
  }),
  'fetch.purgatory.purge.interval.requests': int(
    1000,
    'After how many completed requests Kafka purges its waiting fetches.',
  ),
  'producer.purgatory.purge.interval.requests': int(
    1000,
    'After how many completed requests Kafka purges its waiting produce requests.',
  ),
  'delete.records.purgatory.purge.interval.requests': int(
    1,
    'After how many completed requests Kafka purges its waiting DeleteRecords requests.',
  ),
  'connections.max.reauth.ms': long(
    0,
    'Longest life in milliseconds of a SASL session before the client must authenticate again; 0 for no limit.',
  ),
})
