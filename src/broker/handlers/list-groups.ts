/** ListGroups 0–5: the groups that this broker coordinates (O-15). */
import { ListGroups } from '../../../protocol/messages/list-groups.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

export const listGroups = groupHandler(ListGroups, {
  async handle(request, context) {
    const groups = await context.broker.groups.list(request, clientOf(context))
    return { errorCode: 0, groups }
  },
  failure: (_request, errorCode) => ({ errorCode, groups: [] }),
})
