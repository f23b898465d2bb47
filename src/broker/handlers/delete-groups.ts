/** DeleteGroups 0–2: groups without members, with their offsets (O-15). */
import { DeleteGroups } from '../../../protocol/messages/delete-groups.ts'
import { clientOf, eachOrRefused, groupHandler } from '../group/group-handler.ts'

export const deleteGroups = groupHandler(DeleteGroups, {
  async handle({ groupsNames }, context) {
    const results = await eachOrRefused(
      context,
      [...new Set(groupsNames)],
      (groupId) => context.broker.groups.submit('delete', groupId, { groupId }, clientOf(context)),
      (groupId, errorCode) => ({ groupId, errorCode }),
    )
    return { results }
  },
  failure: ({ groupsNames }, errorCode) => ({
    results: groupsNames.map((groupId) => ({ groupId, errorCode })),
  }),
})
