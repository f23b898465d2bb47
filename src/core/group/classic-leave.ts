/** LeaveGroup, for groups of the classic protocol (behaviour G-13). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { leaveResponse } from './classic-answers.ts'
import type { ClassicGroup } from './classic-group.ts'
import { completeIfAllJoined, rebalanceOrComplete, removeMember } from './classic-rebalance.ts'
import { cancelSession } from './classic-session.ts'
import type { Caller, Conversations } from './command.ts'
import { leaveConsumerGroup } from './consumer-classic.ts'
import type { Draft } from './draft.ts'
import { Refusal } from './refusal.ts'
import type { GroupState } from './state.ts'

type Leave = Conversations['leave']['request']
type Leaving = Leave['members'][number]

export function decideLeave(state: GroupState, caller: Caller, request: Leave, draft: Draft) {
  if (request.groupId === '') throw new Refusal(ErrorCode.INVALID_GROUP_ID, 'The group id is empty')
  const group = state.groups.get(request.groupId)
  if (group?.type === 'consumer') return leaveConsumerGroup(state, group, caller, request, draft)
  const codes = request.members.map((leaving) =>
    group ? leave(state, group, leaving, draft) : ErrorCode.UNKNOWN_MEMBER_ID,
  )
  draft.answer(caller.requestId, 'leave', leaveResponse(request, codes))
  if (!group || !codes.includes(ErrorCode.NONE)) return
  if (group.state === 'Stable' || group.state === 'CompletingRebalance')
    rebalanceOrComplete(state, group, draft)
  else completeIfAllJoined(state, group, draft)
}

/** Returns an error code. */
function leave(state: GroupState, group: ClassicGroup, leaving: Leaving, draft: Draft): number {
  const { groupInstanceId } = leaving
  if (group.pendingJoins.has(leaving.memberId)) {
    group.remove(leaving.memberId)
    cancelSession(state, group, leaving.memberId)
    return ErrorCode.NONE
  }
  // An administrator removes static members by their instance id alone.
  const memberId =
    leaving.memberId === '' && groupInstanceId !== null
      ? (group.staticMembers.get(groupInstanceId) ?? '')
      : leaving.memberId
  try {
    const member = group.requireMember(memberId, groupInstanceId)
    cancelSession(state, group, memberId)
    removeMember(group, member, draft)
    return ErrorCode.NONE
  } catch (error) {
    if (error instanceof Refusal) return error.errorCode
    throw error
  }
}
