/** LeaveGroup 0–5: members go, one or many (G-13). */
import { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

/** Before this version one member leaves, and its error is that of the request. */
const manyMembersSince = 3

export const leaveGroup = groupHandler(LeaveGroup, {
  async handle(request, context) {
    const { apiVersion, broker } = context
    const isOne = apiVersion < manyMembersSince
    const one = { memberId: request.memberId, groupInstanceId: null, reason: null }
    const members = isOne ? [one] : request.members
    const leaving = { ...request, members }
    const response = await broker.groups.submit(
      'leave',
      request.groupId,
      leaving,
      clientOf(context),
    )
    return isOne ? { errorCode: response.members?.[0]?.errorCode ?? 0 } : response
  },
  failure: (_request, errorCode) => ({ errorCode, members: [] }),
})
