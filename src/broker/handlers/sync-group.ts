/** SyncGroup 0–5: the leader hands in the assignment, everybody gets their part (G-8 to G-10). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { Refusal } from '../../core/group/refusal.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

const nothing = Buffer.alloc(0)
/** From here on a member has to say which protocol it thinks was chosen (KIP-559). */
const protocolRequiredSince = 5

export const syncGroup = groupHandler(SyncGroup, {
  async handle(request, context) {
    const { protocolType, protocolName } = request
    const isComplete = protocolType !== null && protocolName !== null
    if (context.apiVersion >= protocolRequiredSince && !isComplete)
      throw new Refusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, 'The protocol is not named')
    return context.broker.groups.submit('sync', request.groupId, request, clientOf(context))
  },
  failure: (_request, errorCode) => ({ errorCode, assignment: nothing }),
})
