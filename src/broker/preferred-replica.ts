/**
 * Which replica a consumer had better read from (KIP-392): the one in its rack, among those in sync
 * that have what it asks for. Of several the one that has most.
 */
import type { Broker } from './broker.ts'
import type { Partition } from './partition.ts'

/** The one class of Kafka that is known here; without it everybody reads from leaders. */
const rackAware = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'

/** -1: this broker, which leads, is as good as any. */
export function preferredReplica(
  broker: Broker,
  partition: Partition,
  rackId: string,
  fetchOffset: number,
): number {
  const selector = broker.config.get('replica.selector.class')
  if (rackId === '' || partition.role !== 'leader' || selector !== rackAware) return -1
  const { nodeId, image } = broker
  const inRack = partition.image.isr.filter((id) => image.brokers.get(id)?.rack === rackId)
  if (inRack.includes(nodeId)) return -1
  const able = inRack.filter((id) => image.isActive(id) && partition.endOf(id) >= fetchOffset)
  return able.sort((a, b) => partition.endOf(b) - partition.endOf(a))[0] ?? -1
}
