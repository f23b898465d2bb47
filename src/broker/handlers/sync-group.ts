/** SyncGroup 0–5: the leader hands in the assignment, everybody gets their part (G-8 to G-10). */
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

const nothing = Buffer.alloc(0)

export const syncGroup = groupHandler(SyncGroup, {
  handle: (request, context) =>
    context.broker.groups.submit('sync', request.groupId, request, clientOf(context)),
  failure: (_request, errorCode) => ({ errorCode, assignment: nothing }),
})
