/** The session of a member of a classic group: it ends when the member is not heard of for so long. */
import type { ClassicGroup, ClassicMember } from './classic-group.ts'
import { cancelMember, setDue } from './due.ts'
import type { GroupState } from './state.ts'

export function restartSession(
  state: GroupState,
  group: ClassicGroup,
  member: ClassicMember,
  nowMs: number,
  timeoutMs = member.sessionTimeoutMs,
): void {
  const { groupId } = group
  const { memberId } = member
  setDue(state.deadlines, nowMs + timeoutMs, { kind: 'classicSession', groupId, memberId })
}

export function cancelSession(state: GroupState, group: ClassicGroup, memberId: string): void {
  cancelMember(state.deadlines, ['classicSession'], group.groupId, memberId)
}
