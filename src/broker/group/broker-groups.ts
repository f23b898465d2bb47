/** The group coordinator of a broker, and how it follows the cluster's metadata. */
import type { ImageChange } from '../../core/cluster/image-change.ts'
import { internalTopics } from '../../core/cluster/internal-topics.ts'
import type { Broker } from '../broker.ts'
import { groupSettings } from '../config/group-settings.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { ImageTopics } from './image-topics.ts'
import { PartitionJournal } from './partition-journal.ts'

/** To be made when the broker's partitions are loaded. */
export function startGroups(broker: Broker): GroupCoordinator {
  const { env, config } = broker
  const image = () => broker.image
  const groups = new GroupCoordinator({
    env,
    settings: groupSettings(config, broker.image),
    expiryIntervalMs: config.get('offsets.retention.check.interval.ms'),
    topics: new ImageTopics(image),
    servesConsumerProtocol: config
      .get('group.coordinator.rebalance.protocols')
      .includes('consumer'),
    partitionCount: () => image().topic(internalTopics.consumerOffsets)?.partitions.length,
  })
  const count = image().topic(internalTopics.consumerOffsets)?.partitions.length ?? 0
  for (let index = 0; index < count; index++) followLeadership(broker, groups, index)
  return groups
}

/** To be called after the broker's partitions took the change. */
export function followMetadata(
  broker: Broker,
  groups: GroupCoordinator,
  change: ImageChange,
): void {
  for (const { topic, after } of change.partitions)
    if (topic.name === internalTopics.consumerOffsets)
      followLeadership(broker, groups, after.partition)
  for (const { name, partitions } of change.deletedTopics)
    if (name === internalTopics.consumerOffsets)
      for (let index = 0; index < partitions.length; index++) groups.resign(index)
  const grown = change.partitions.filter(({ before }) => before === undefined)
  const isNews = grown.length > 0 || change.deletedTopics.length > 0
  if (!isNews) return
  groups.topicsChanged({
    changed: new Set(grown.map(({ topic }) => topic.name)),
    deleted: change.deletedTopics,
    anyCreated: grown.some(({ after }) => after.partition === 0),
  })
}

function followLeadership(broker: Broker, groups: GroupCoordinator, index: number): void {
  const partition = broker.partitions.get(internalTopics.consumerOffsets, index)
  if (partition?.role === 'leader' && partition.log)
    groups.lead(index, partition.leaderEpoch, new PartitionJournal(broker, partition))
  else groups.resign(index)
}
