/** Members of a consumer group that leave, or are put out. */
import type { Caller, Conversations } from './command.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, noOwned, staticLeaveEpoch } from './consumer-member.ts'
import { dynamicMember, ownerOf } from './consumer-membership.ts'
import { currentRecord, epochRecord, memberTombstones, regexTombstone } from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { cancelConsumer } from './due.ts'
import { downgradeWithout, mayDowngradeWithout } from './migration.ts'
import { encodeRecord } from './record.ts'
import type { GroupState } from './state.ts'
import { notFound } from './state.ts'

/** What a record takes in a batch besides key and value, at most. */
const recordOverheadBytes = 32

type Heartbeat = Conversations['consumerHeartbeat']['request']

export function decideConsumerLeave(
  state: GroupState,
  caller: Caller,
  { groupId, memberId, instanceId, memberEpoch }: Heartbeat,
  draft: Draft,
): void {
  const group = state.consumerGroup(groupId)
  if (!group) throw notFound(groupId)
  const member =
    instanceId === null ? dynamicMember(group, memberId) : ownerOf(group, memberId, instanceId)
  if (instanceId !== null && memberEpoch === staticLeaveEpoch)
    draft.records.push(currentRecord(groupId, onLeave(member)))
  else fence(state, group, [member], draft)
  const answer = { errorCode: 0, memberId, memberEpoch, heartbeatIntervalMs: 0 }
  draft.answer(caller.requestId, 'consumerHeartbeat', answer)
}

/** Its partitions stay reserved for whoever comes back with its instance id. */
function onLeave(member: ConsumerMember): ConsumerMember {
  const atEpochZero = [...member.assigned].map(
    ([topicId, partitions]) =>
      [topicId, new Map([...partitions.keys()].map((partition) => [partition, 0]))] as const,
  )
  return {
    ...member,
    memberEpoch: staticLeaveEpoch,
    assigned: new Map(atEpochZero),
    revoking: noOwned,
  }
}

/** Members that are gone: their partitions are free, and the group has a new epoch. */
export function fence(
  state: GroupState,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  draft: Draft,
): void {
  if (leaving.length === 0) return
  const { groupId } = group
  if (mayDowngradeWithout(state, group, leaving)) {
    const [records, after] = [draft.records.length, draft.after.length]
    downgradeWithout(state, group, leaving, draft)
    if (fits(state, draft)) return
    // Too large to be written: it stays as it is, with members of the classic protocol alone.
    draft.records.length = records
    draft.after.length = after
  }
  for (const { memberId } of leaving) draft.records.push(...memberTombstones(groupId, memberId))
  const subscriptions = group.subscriptions.copy()
  for (const member of leaving) {
    subscriptions.change(member, undefined)
    if (member.topicRegex === '' || subscriptions.regexes.has(member.topicRegex)) continue
    draft.records.push(regexTombstone(groupId, member.topicRegex))
    subscriptions.forget(member.topicRegex)
  }
  const hash = state.hashes.ofGroup(subscriptions.topics.keys())
  draft.records.push(epochRecord(groupId, group.groupEpoch + 1, hash))
  draft.after.push(() => {
    for (const { memberId } of leaving) cancelConsumer(state.deadlines, groupId, memberId)
  })
}

function fits(state: GroupState, draft: Draft): boolean {
  let bytes = 0
  for (const record of draft.records) {
    const { key, value } = encodeRecord(record)
    bytes += key.length + (value?.length ?? 0) + recordOverheadBytes
  }
  return bytes <= state.settings.recordBytesMax
}
