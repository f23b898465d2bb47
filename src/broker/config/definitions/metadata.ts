/** The metadata log and the quorum that keeps it in Kafka. Ottla accepts these; its coordinator has keys of its own. Names, defaults and limits: Kafka 4.3.1. */
import { boolean, definitions, int, list, long, string } from '../definition.ts'
import { longMax } from '../value.ts'

export const metadataConfigs = definitions({
  'controller.socket.timeout.ms': int(
    30000,
    'Socket timeout in milliseconds from the controller to the brokers.',
  ),
  'controller.performance.sample.period.ms': long(
    60000,
    "Milliseconds between two samples of the controller's event times.",
    { min: 100, internal: true },
  ),
  'controller.performance.always.log.threshold.ms': long(
    2000,
    'Controller events slower than this many milliseconds are always logged.',
    { min: 0, internal: true },
  ),
  'server.max.startup.time.ms': long(longMax, 'How long the start may take, in milliseconds.', {
    min: 0,
    internal: true,
  }),
  'metadata.log.max.record.bytes.between.snapshots': long(
    20971520,
    'Bytes of metadata records after which a new snapshot is made.',
    { min: 1, importance: 'HIGH' },
  ),
  'metadata.log.max.snapshot.interval.ms': long(
    3600000,
    'Milliseconds after which a snapshot is made if there are new records; 0 for never.',
    { min: 0, importance: 'HIGH' },
  ),
  'metadata.log.dir': string(
    null,
    'Directory of the metadata log; the first log directory when not set.',
    { importance: 'HIGH' },
  ),
  'metadata.log.segment.bytes': int(1073741824, 'Largest segment of the metadata log in bytes.', {
    min: 8388608,
    importance: 'HIGH',
  }),
  'metadata.log.segment.ms': long(
    604800000,
    'A segment of the metadata log is closed after this many milliseconds, even if it is not full.',
    { importance: 'HIGH' },
  ),
  'metadata.max.retention.bytes': long(
    104857600,
    'Size in bytes of metadata log and snapshots beyond which old ones are deleted.',
    { importance: 'HIGH' },
  ),
  'metadata.max.retention.ms': long(
    604800000,
    'Metadata log files and snapshots older than this many milliseconds are deleted.',
    { importance: 'HIGH' },
  ),
  'metadata.max.idle.interval.ms': int(
    500,
    'How often the controller writes a no-op record to an idle metadata log, in milliseconds; 0 for never.',
    { min: 0, importance: 'LOW' },
  ),
  'internal.metadata.log.segment.bytes': int(
    null,
    'Overrides the segment size of the metadata log in tests.',
    { importance: 'LOW', internal: true },
  ),
  'internal.metadata.max.batch.size.in.bytes': int(
    8388608,
    'Largest batch of the metadata log in bytes.',
    { importance: 'LOW', internal: true },
  ),
  'internal.metadata.delete.delay.millis': long(
    60000,
    'Milliseconds between the removal of a metadata file and its deletion.',
    { importance: 'LOW', internal: true },
  ),
  'controller.quorum.voters': list([], 'Voters of the controller quorum, as id@host:port.', {
    importance: 'HIGH',
  }),
  'controller.quorum.bootstrap.servers': list(
    [],
    'Addresses at which the controller quorum can be found.',
    { importance: 'HIGH' },
  ),
  'controller.quorum.election.timeout.ms': int(
    1000,
    'Milliseconds without an answer from the leader before a new election.',
    { min: 0, importance: 'HIGH' },
  ),
  'controller.quorum.fetch.timeout.ms': int(
    2000,
    'Milliseconds without a successful fetch before a follower becomes a candidate.',
    { min: 0, importance: 'HIGH' },
  ),
  'controller.quorum.election.backoff.max.ms': int(
    1000,
    'Longest wait in milliseconds between two elections.',
    { min: 0, importance: 'HIGH' },
  ),
  'controller.quorum.append.linger.ms': int(
    25,
    'Milliseconds for which the leader gathers writes before it flushes them.',
    { min: 0 },
  ),
  'controller.quorum.request.timeout.ms': int(
    2000,
    'How long a request within the quorum may take, in milliseconds.',
    { min: 0 },
  ),
  'controller.quorum.retry.backoff.ms': int(
    20,
    'Wait in milliseconds before a failed quorum request is tried again.',
    { min: 0, importance: 'LOW' },
  ),
  'controller.quorum.auto.join.enable': boolean(
    false,
    'Whether a controller joins the voters by itself.',
    { importance: 'LOW' },
  ),
  'controller.quorum.fetch.snapshot.max.bytes': int(
    1048576,
    'Most bytes fetched at once of a metadata snapshot.',
    { min: 1, importance: 'LOW' },
  ),
  'controller.quorum.fetch.max.bytes': int(
    1048576,
    'Most bytes fetched at once of the metadata log.',
    { min: 1, importance: 'LOW' },
  ),
})
