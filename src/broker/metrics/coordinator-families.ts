/** What a coordinator tells of the cluster, and its limits. */
import type { Coordinator } from '../../coordinator/coordinator.ts'
import type { Standby } from '../../coordinator/standby.ts'
import type { PartitionImage } from '../../core/cluster/image.ts'
import { counter, type Family, gauge } from './family.ts'
import type { NamedLimit } from './limit-families.ts'

export function coordinatorFamilies(coordinator: Coordinator): Family[] {
  const { image, events } = coordinator
  const count = (counts: (partition: PartitionImage) => boolean) => () => {
    let found = 0
    for (const { partitions } of image.topics())
      for (const partition of partitions) if (counts(partition)) found++
    return found
  }
  const brokers = (fenced: boolean) => () =>
    [...image.brokers.values()].filter((broker) => broker.fenced === fenced).length
  const controller = 'kafka_controller_kafkacontroller'
  return [
    gauge(`${controller}_activecontrollercount`, 'Coordinators in this process.', () => 1),
    gauge(`${controller}_activebrokercount`, 'Brokers with a lease.', brokers(false)),
    gauge(`${controller}_fencedbrokercount`, 'Brokers without a lease.', brokers(true)),
    gauge(`${controller}_globaltopiccount`, 'Topics of the cluster.', () => {
      return [...image.topics()].length
    }),
    gauge(
      `${controller}_globalpartitioncount`,
      'Partitions of the cluster.',
      count(() => true),
    ),
    gauge(
      `${controller}_offlinepartitionscount`,
      'Partitions that nobody leads.',
      count(({ leader }) => leader === -1),
    ),
    gauge(
      `${controller}_preferredreplicaimbalancecount`,
      'Partitions that another than their first replica leads.',
      count(({ leader, replicas }) => leader !== replicas[0]),
    ),
    counter(
      'kafka_controller_controllerstats_uncleanleaderelections_total',
      'Elections of a replica that may lack records.',
      () => events.unclean,
    ),
    counter('ottla_elections_total', 'Changes of leaders.', () => events.election),
    counter('ottla_isr_changes_total', 'Changes of in-sync replicas.', () => events.isr),
    counter(
      'ottla_reassignments_total',
      'Moves of partitions that began or ended.',
      () => events.reassignment,
    ),
    counter('ottla_leases_granted_total', 'Leases of brokers that began.', () => events.lease),
    counter('ottla_leases_ended_total', 'Leases of brokers that ended.', () => events.leaseLost),
    {
      name: 'ottla_coordinator_connections_failed_total',
      help: 'Connections of brokers that broke or sent what no broker sends, or said nothing of use in time.',
      type: 'counter',
      labels: ['reason'],
      read: () =>
        Object.entries(coordinator.faults).map(([reason, value]) => ({
          labels: { reason },
          value,
        })),
    },
  ]
}

export function coordinatorLimits(coordinator: Coordinator): NamedLimit[] {
  return [
    {
      name: 'coordinator_connections',
      bounds: 'connections to the coordinator',
      refusal: 'a connection is closed at once',
      read: () => coordinator.limits.connections,
    },
    {
      name: 'coordinator_guests',
      bounds: 'connections to the coordinator that carry no session',
      refusal: 'the oldest of them is closed',
      read: () => coordinator.limits.guests,
    },
    {
      name: 'coordinator_frame_bytes',
      bounds: 'bytes of what a broker tells the coordinator at one time',
      refusal: 'the connection is closed',
      read: () => coordinator.limits.frameBytes,
    },
    {
      name: 'coordinator_guest_frame_bytes',
      bounds: 'bytes of what a connection tells the coordinator before it carries a session',
      refusal: 'the connection is closed',
      read: () => coordinator.limits.guestFrameBytes,
    },
    {
      name: 'timeline_events',
      bounds: 'events that `ottla cluster timeline` can tell',
      refusal: 'an event is forgotten',
      read: () => coordinator.limits.timeline,
    },
  ]
}

export function standbyLimits(standby: Standby): NamedLimit[] {
  return [
    {
      name: 'standby_guests',
      bounds: 'connections to a voter that stands by',
      refusal: 'the oldest of them is closed',
      read: () => standby.limits.guests,
    },
    {
      name: 'standby_frame_bytes',
      bounds: 'bytes of what one of them tells it at one time',
      refusal: 'the connection is closed',
      read: () => standby.limits.frameBytes,
    },
  ]
}
