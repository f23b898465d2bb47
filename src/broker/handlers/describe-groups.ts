/** DescribeGroups 0–6: classic groups and their members (O-15). */
import { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import type { DescribedClassic } from '../../core/group/command.ts'
import {
  clientOf,
  eachOrRefused,
  groupHandler,
  groupOperations,
  operationsNotAsked,
} from '../group/group-handler.ts'

export const describeGroups = groupHandler(DescribeGroups, {
  async handle({ groups, includeAuthorizedOperations }, context) {
    const described = await eachOrRefused(
      context,
      groups,
      (groupId) =>
        context.broker.groups.submit('describeClassic', groupId, { groupId }, clientOf(context)),
      failed,
    )
    return {
      groups: described.map((group) => ({
        ...group,
        authorizedOperations:
          includeAuthorizedOperations && group.errorCode === 0
            ? groupOperations
            : operationsNotAsked,
      })),
    }
  },
  failure: ({ groups }, errorCode, message) => ({
    groups: groups.map((groupId) => failed(groupId, errorCode, message)),
  }),
})

function failed(groupId: string, errorCode: number, errorMessage: string): DescribedClassic {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
  }
}
