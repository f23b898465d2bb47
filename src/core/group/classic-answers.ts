/** Responses of the classic protocol that are given in more than one place. */
import type { ClassicGroup } from './classic-group.ts'
import type { Conversations } from './command.ts'

export function joined(group: ClassicGroup, memberId: string) {
  return {
    errorCode: 0,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: group.leaderId === memberId ? group.joinedMembers() : [],
  }
}

export function refusedJoin(memberId: string, errorCode: number) {
  return {
    errorCode,
    generationId: -1,
    protocolName: '',
    leader: '',
    memberId,
    members: [],
  }
}

export function synced({ protocolType, protocolName }: ClassicGroup, assignment: Buffer) {
  return { errorCode: 0, protocolType, protocolName, assignment }
}

export function leaveResponse(
  { members }: Conversations['leave']['request'],
  codes: readonly number[],
) {
  return {
    errorCode: 0,
    members: members.map(({ memberId, groupInstanceId }, i) => ({
      memberId,
      groupInstanceId,
      errorCode: codes[i]!,
    })),
  }
}
