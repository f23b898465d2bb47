/**
 * What a change of min.insync.replicas means for who is eligible to lead (KIP-966).
 *
 * A replica out of sync is eligible because nothing is committed without it: the ISR is too small. With a
 * smaller minimum the ISR may be large enough, and from then on it lacks what is acknowledged.
 */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { type ClusterImage, type PartitionImage, resourceTypes } from './image.ts'
import { changePartition, electorate } from './partition-change.ts'

const name = 'min.insync.replicas'

/** The partitions whose eligible replicas change with these records, which are not applied yet. */
export function eligibleAfter(
  image: ClusterImage,
  records: readonly ClusterRecord[],
): PartitionImage[] {
  const changes = records.filter(
    (record) =>
      (record.kind === 'config' || record.kind === 'staticConfig') && record.name === name,
  )
  if (changes.length === 0) return []
  const valueIn = (type: number, resource: string): string | undefined => {
    const change = changes.findLast(
      (each) =>
        each.kind === 'config' && each.resourceType === type && each.resourceName === resource,
    )
    if (change?.kind === 'config') return change.value ?? undefined
    return image.configs(type, resource).get(name)
  }
  const fixed = changes.findLast(({ kind }) => kind === 'staticConfig')
  const unchanged = image.staticConfigs.get(name)
  const inFile = fixed?.kind === 'staticConfig' ? fixed.value : unchanged
  const partitions: PartitionImage[] = []
  for (const topic of image.topics()) {
    const value =
      valueIn(resourceTypes.topic, topic.name) ?? valueIn(resourceTypes.broker, '') ?? inFile ?? 1
    for (const before of topic.partitions) {
      if (before.elr.length === 0) continue
      const minIsr = Math.max(1, Math.min(Number(value), before.replicas.length))
      const after = changePartition(before, {}, { ...electorate(image, before), minIsr })
      if (after !== undefined) partitions.push(after)
    }
  }
  return partitions
}
