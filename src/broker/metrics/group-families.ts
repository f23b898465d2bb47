/** What a broker tells of each group that it coordinates, in the names of kafka_exporter. */
import type { Group } from '../../core/group/state.ts'
import type { Broker } from '../broker.ts'
import type { GroupOffset } from '../group/group-coordinator.ts'
import type { Family, Sample } from './family.ts'

export function groupFamilies(broker: Broker): Family[] {
  const { groups, offsets } = broker.traffic.told
  const ofGroups = (sample: (group: Group) => Sample) => () =>
    groups.of(broker.serving?.groups() ?? []).map(sample)
  const ofOffsets = (value: (offset: GroupOffset) => number | undefined) => () =>
    offsets.of(broker.serving?.offsets() ?? []).flatMap((one): Sample[] => {
      const { groupId: consumergroup, topic, partition } = one
      const found = value(one)
      return found === undefined
        ? []
        : [{ labels: { consumergroup, topic, partition }, value: found }]
    })
  const partitionLabels = ['consumergroup', 'topic', 'partition']
  return [
    {
      name: 'kafka_consumergroup_members',
      help: 'Members of a group that this broker coordinates.',
      type: 'gauge',
      labels: ['consumergroup'],
      read: ofGroups(({ groupId: consumergroup, members }) => ({
        labels: { consumergroup },
        value: members.size,
      })),
    },
    {
      name: 'ottla_group_state',
      help: 'The state that it is in, always 1.',
      type: 'gauge',
      labels: ['consumergroup', 'type', 'state'],
      read: ofGroups(({ groupId: consumergroup, type, state }) => ({
        labels: { consumergroup, type, state },
        value: 1,
      })),
    },
    {
      name: 'kafka_consumergroup_current_offset',
      help: 'The offset that it has committed.',
      type: 'gauge',
      labels: partitionLabels,
      read: ofOffsets(({ offset }) => offset),
    },
    {
      name: 'kafka_consumergroup_lag',
      help: 'Records from there to the high watermark, of partitions that have a replica on this broker.',
      type: 'gauge',
      labels: partitionLabels,
      read: ofOffsets(({ topic, partition, offset }) => {
        const log = broker.partitions.get(topic, partition)?.log
        return log && Math.max(0, log.highWatermark - offset)
      }),
    },
  ]
}
