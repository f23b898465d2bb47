/** Heartbeat 0–4 of a classic group (G-11). While groups are loaded it keeps their members quiet. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { clientOf, groupHandler } from '../group/group-handler.ts'

export const heartbeat = groupHandler(Heartbeat, {
  handle: (request, context) =>
    context.broker.groups.submit('heartbeat', request.groupId, request, clientOf(context)),
  failure: (_request, errorCode) => ({
    errorCode: errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : errorCode,
  }),
})
