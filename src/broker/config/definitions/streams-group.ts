/** Streams groups. Names, defaults and limits: Kafka 4.3.1. */
import { definitions, int } from '../definition.ts'
import { intMax } from '../value.ts'

export const streamsGroupConfigs = definitions({
  'group.streams.session.timeout.ms': int(
    45000,
    'A streams group member without a heartbeat for this many milliseconds is removed.',
    { min: 1 },
  ),
  'group.streams.min.session.timeout.ms': int(
    45000,
    "Lower bound in milliseconds of a streams group's session timeout.",
    { min: 1 },
  ),
  'group.streams.max.session.timeout.ms': int(
    60000,
    "Upper bound in milliseconds of a streams group's session timeout.",
    { min: 1 },
  ),
  'group.streams.heartbeat.interval.ms': int(
    5000,
    'Milliseconds between two heartbeats of a streams group member.',
    { min: 1 },
  ),
  'group.streams.min.heartbeat.interval.ms': int(
    5000,
    "Lower bound in milliseconds of a streams group's heartbeat interval.",
    { min: 1 },
  ),
  'group.streams.max.heartbeat.interval.ms': int(
    15000,
    "Upper bound in milliseconds of a streams group's heartbeat interval.",
    { min: 1 },
  ),
  'group.streams.max.size': int(intMax, 'Most members of a streams group.', { min: 1 }),
  'group.streams.num.standby.replicas': int(
    0,
    'Standby replicas of each task of a streams group.',
    { min: 0 },
  ),
  'group.streams.max.standby.replicas': int(
    2,
    "Upper bound of a streams group's standby replicas.",
    { min: 0 },
  ),
  'group.streams.initial.rebalance.delay.ms': int(
    3000,
    'Milliseconds for which a new streams group waits for more members before its first assignment.',
    { min: 0 },
  ),
  'group.streams.assignment.interval.ms': int(
    1000,
    'Least milliseconds between two assignments of a streams group.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'group.streams.min.assignment.interval.ms': int(
    0,
    "Lower bound in milliseconds of a streams group's assignment interval.",
    { min: 0 },
  ),
  'group.streams.max.assignment.interval.ms': int(
    15000,
    "Upper bound in milliseconds of a streams group's assignment interval.",
    { min: 0 },
  ),
})
