/**
 * ConsumerGroupHeartbeat 0–1 (KIP-848; N-1 to N-9): joins, lives in and leaves a consumer group.
 * Not done: leaving out of a regular expression's topics those that the member may not describe.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { Refusal } from '../../core/group/refusal.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

export const consumerGroupHeartbeat = groupHandler(ConsumerGroupHeartbeat, {
  async handle(request, context) {
    const { groups } = context.broker
    if (!groups.servesConsumerProtocol)
      throw new Refusal(
        ErrorCode.UNSUPPORTED_VERSION,
        'group.coordinator.rebalance.protocols does not have consumer',
      )
    return groups.submit('consumerHeartbeat', request.groupId, request, clientOf(context))
  },
  failure(_request, errorCode, errorMessage, { broker }) {
    if (errorCode === ErrorCode.GROUP_MAX_SIZE_REACHED) broker.traffic.groupsFull.consumer++
    return { errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 }
  },
})
