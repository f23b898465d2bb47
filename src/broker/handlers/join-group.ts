/** JoinGroup 0–9: a member of a classic group joins, and waits for the others (rules G-1 to G-7). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

/** Before this version the session timeout is also the time that a rebalance may take. */
const rebalanceTimeoutSince = 1
/** Before this version a protocol name is never null. */
const nullableNameSince = 7

export const joinGroup = groupHandler(JoinGroup, {
  async handle(request, context) {
    const { broker, apiVersion } = context
    const client = clientOf(context)
    const join =
      apiVersion < rebalanceTimeoutSince
        ? { ...request, rebalanceTimeoutMs: request.sessionTimeoutMs }
        : request
    const response = await broker.groups.submit('join', request.groupId, join, client)
    if (response.errorCode === ErrorCode.GROUP_MAX_SIZE_REACHED) broker.traffic.groupsFull.classic++
    const name = response.errorCode === 0 ? response.protocolName : null
    return { ...response, protocolName: apiVersion < nullableNameSince ? (name ?? '') : name }
  },
  failure: (_request, errorCode, _message, { apiVersion }) => ({
    errorCode,
    generationId: -1,
    protocolName: apiVersion < nullableNameSince ? '' : null,
    leader: '',
    memberId: '',
    members: [],
  }),
})
