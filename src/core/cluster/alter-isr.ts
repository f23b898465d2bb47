/**
 * A leader proposes who is in sync; a compare-and-set on the partition epoch (LEASES 4.6).
 *
 * The answer is always definite: accepted (with the new state) or an error. The checks and their
 * order are Kafka's (AlterPartition); each added member is named with the broker epoch under which
 * it caught up, so that one that restarted meanwhile is refused (KIP-903).
 */
import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import { errors } from '../../../protocol/errors.ts'
import type { Decision } from '../machine.ts'
import type { ClusterImage, PartitionImage } from './image.ts'
import { changePartition, electorate } from './partition-change.ts'

export type AlterIsrItem = MessageOf<'alterIsr'>['items'][number]
export type AlterIsrResult = MessageOf<'alterIsrAck'>['items'][number]

export function alterIsr(
  image: ClusterImage,
  brokerId: number,
  items: readonly AlterIsrItem[],
): Decision<AlterIsrResult[], PartitionImage> {
  const records: PartitionImage[] = []
  const done = new Set<string>()
  const reply = items.map((item) => {
    const { topicId, partition } = item
    const before = image.partition(topicId, partition)
    const key = `${topicId}/${partition}`
    // Two proposals for one partition in one message: the second does not fit the first's epoch.
    const error = done.has(key)
      ? errors.INVALID_UPDATE_VERSION
      : proposalError(image, brokerId, item, before)
    if (error !== undefined || before === undefined)
      return answer(item, error?.code ?? errors.UNKNOWN_TOPIC_ID.code, before)
    done.add(key)
    const isr = before.replicas.filter((id) => item.newIsr.some((m) => m.brokerId === id))
    const after = changePartition(before, { isr }, electorate(image, before)) ?? before
    if (after !== before) records.push(after)
    // Completing a reassignment may take the leadership from the sender.
    const deposed = after.leader !== before.leader || after.leaderEpoch !== before.leaderEpoch
    return answer(item, deposed ? errors.NEW_LEADER_ELECTED.code : 0, after)
  })
  return { records, reply }
}

function proposalError(
  image: ClusterImage,
  brokerId: number,
  item: AlterIsrItem,
  before: PartitionImage | undefined,
): { readonly code: number } | undefined {
  if (before === undefined)
    return image.topicById(item.topicId) === undefined
      ? errors.UNKNOWN_TOPIC_ID
      : errors.UNKNOWN_TOPIC_OR_PARTITION
  if (item.leaderEpoch > before.leaderEpoch || item.partitionEpoch > before.partitionEpoch)
    return errors.NOT_CONTROLLER
  if (item.leaderEpoch < before.leaderEpoch) return errors.FENCED_LEADER_EPOCH
  if (before.leader !== brokerId) return errors.INVALID_REQUEST
  if (item.partitionEpoch < before.partitionEpoch) return errors.INVALID_UPDATE_VERSION
  const members = item.newIsr.map((member) => member.brokerId)
  const wellFormed =
    new Set(members).size === members.length &&
    members.every((id) => before.replicas.includes(id)) &&
    members.includes(brokerId)
  if (!wellFormed) return errors.INVALID_REQUEST
  const ineligible = item.newIsr.some(({ brokerId: id, brokerEpoch }) => {
    const broker = image.brokers.get(id)
    return !image.isActive(id) || broker?.brokerEpoch !== brokerEpoch
  })
  return ineligible ? errors.INELIGIBLE_REPLICA : undefined
}

function answer(
  { topicId, partition }: AlterIsrItem,
  errorCode: number,
  state: PartitionImage | undefined,
): AlterIsrResult {
  return {
    topicId,
    partition,
    errorCode,
    leader: state?.leader ?? -1,
    leaderEpoch: state?.leaderEpoch ?? -1,
    partitionEpoch: state?.partitionEpoch ?? -1,
    isr: [...(state?.isr ?? [])],
  }
}
