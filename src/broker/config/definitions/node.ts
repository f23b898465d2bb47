/** The node and its part in the cluster. Names, defaults and limits: Kafka 4.3.1. */
import { boolean, className, definitions, int, list, string } from '../definition.ts'

export const nodeConfigs = definitions({
  'node.id': int(undefined, 'Id of this node in the cluster.', { min: 0, importance: 'HIGH' }),
  'broker.id': int(-1, 'Older name of node.id.', { importance: 'HIGH' }),
  'broker.rack': string(
    null,
    'Rack or zone of this broker, used to spread replicas and to read from a near one.',
  ),
  'process.roles': list(undefined, 'What this process does: broker, controller, or both.', {
    oneOf: ['broker', 'controller'],
    notEmpty: true,
    importance: 'HIGH',
  }),
  'config.providers': list([], 'Providers that fill in variables in configuration values.', {
    importance: 'LOW',
    dynamic: 'cluster-wide',
  }),
  'unstable.api.versions.enable': boolean(
    false,
    'Whether versions of APIs that may still change are offered.',
    { importance: 'HIGH', internal: true },
  ),
  'unstable.feature.versions.enable': boolean(
    false,
    'Whether versions of features that may still change are offered.',
    { importance: 'HIGH', internal: true },
  ),
  'initial.broker.registration.timeout.ms': int(
    60000,
    'How long the first registration may take, in milliseconds, before the process ends.',
  ),
  'broker.heartbeat.interval.ms': int(
    2000,
    'Milliseconds between two heartbeats of a broker to the controller.',
  ),
  'broker.session.timeout.ms': int(
    9000,
    'A broker without a heartbeat for this many milliseconds is taken for dead.',
  ),
  'controlled.shutdown.enable': boolean(
    true,
    'Whether a stopping broker first hands its leaderships to others.',
  ),
  'create.topic.policy.class.name': className(
    null,
    'Policy class that may refuse the creation of a topic.',
    { importance: 'LOW' },
  ),
  'alter.config.policy.class.name': className(
    null,
    'Policy class that may refuse a change of configuration.',
    { importance: 'LOW' },
  ),
})
