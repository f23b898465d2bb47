/** ConsumerGroupDescribe 0–1: consumer groups of KIP-848 and their members (N-12). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { ConsumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import type { DescribedConsumer } from '../../core/group/command.ts'
import { Refusal } from '../../core/group/refusal.ts'
import {
  clientOf,
  eachOrRefused,
  groupHandler,
  groupOperations,
  operationsNotAsked,
} from '../group/group-handler.ts'

export const consumerGroupDescribe = groupHandler(ConsumerGroupDescribe, {
  async handle({ groupIds, includeAuthorizedOperations }, context) {
    const described = await eachOrRefused(
      context,
      groupIds,
      (groupId) => {
        if (groupId === '') throw new Refusal(ErrorCode.INVALID_GROUP_ID, 'The group id is empty')
        const client = clientOf(context)
        return context.broker.groups.submit('describeConsumer', groupId, { groupId }, client)
      },
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
  failure: ({ groupIds }, errorCode, message) => ({
    groups: groupIds.map((groupId) => failed(groupId, errorCode, message)),
  }),
})

function failed(groupId: string, errorCode: number, errorMessage: string): DescribedConsumer {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}
