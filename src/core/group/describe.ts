/** What administrators see of groups: DescribeGroups, ConsumerGroupDescribe, ListGroups (O-15, N-12). */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Assignment } from './assignment.ts'
import { type ClassicGroup, emptyAssignment } from './classic-group.ts'
import type { Caller, Conversations, DescribedConsumer } from './command.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, withoutEpochs } from './consumer-member.ts'
import type { Draft } from './draft.ts'
import type { Group, GroupState } from './state.ts'

/** From here on a group that is not there is an error. */
const notFoundSince = 6

export function decideDescribeClassic(
  state: GroupState,
  caller: Caller,
  { groupId }: Conversations['describeClassic']['request'],
  draft: Draft,
) {
  const group = state.groups.get(groupId)
  if (group?.type === 'classic')
    return draft.answer(caller.requestId, 'describeClassic', describedClassic(group))
  const message = group ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`
  const isError = caller.apiVersion >= notFoundSince
  draft.answer(caller.requestId, 'describeClassic', {
    errorCode: isError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
    errorMessage: isError ? message : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
  })
}

function describedClassic(group: ClassicGroup) {
  const isStable = group.state === 'Stable'
  return {
    errorCode: 0,
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? group.metadataOf(member) : emptyAssignment,
      memberAssignment: member.assignment,
    })),
  }
}

export function decideDescribeConsumer(
  state: GroupState,
  caller: Caller,
  { groupId }: Conversations['describeConsumer']['request'],
  draft: Draft,
) {
  const group = state.groups.get(groupId)
  const answer = (described: DescribedConsumer) =>
    draft.answer(caller.requestId, 'describeConsumer', described)
  if (group?.type === 'consumer') return answer(describedConsumer(state, group))
  answer({
    errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
    errorMessage: group
      ? `Group ${groupId} is not a consumer group.`
      : `Group ${groupId} not found.`,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  })
}

function describedConsumer(state: GroupState, group: ConsumerGroup): DescribedConsumer {
  return {
    errorCode: 0,
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.preferredAssignor() ?? state.settings.consumerAssignors[0]!,
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      memberEpoch: member.memberEpoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...member.topicNames],
      subscribedTopicRegex: member.topicRegex,
      assignment: { topicPartitions: named(state, held(member)) },
      targetAssignment: { topicPartitions: named(state, group.targetOf(member.memberId)) },
      memberType: member.classic === null ? 1 : 0,
    })),
  }
}

/** What the member has, and what it has not given up yet. */
function held({ assigned, revoking }: ConsumerMember): Assignment {
  const result = new Map(withoutEpochs(assigned))
  for (const [topicId, partitions] of withoutEpochs(revoking))
    result.set(topicId, [...(result.get(topicId) ?? []), ...partitions])
  return result
}

/** Topics that are gone are left out. */
function named(state: GroupState, assignment: Assignment) {
  return [...assignment].flatMap(([topicId, partitions]) => {
    const topic = state.topics.byId(topicId)
    return topic ? [{ topicId, topicName: topic.name, partitions }] : []
  })
}

/** Filters that name nothing known match nothing, as Kafka has it. */
export function decideList(
  state: GroupState,
  caller: Caller,
  { statesFilter, typesFilter }: Conversations['list']['request'],
  draft: Draft,
) {
  const states = new Set(statesFilter.map((name) => name.toLowerCase().trim()))
  const types = new Set(typesFilter.map((name) => name.toLowerCase().trim()))
  const isWanted = (group: Group) =>
    (states.size === 0 || states.has(group.state.toLowerCase())) &&
    (types.size === 0 || types.has(group.type))
  const listed = [...state.groups.values()].filter(isWanted).map((group) => ({
    groupId: group.groupId,
    protocolType: group.type === 'consumer' ? 'consumer' : (group.protocolType ?? ''),
    groupState: group.state,
    groupType: group.type,
  }))
  draft.answer(caller.requestId, 'list', listed)
}
