/**
 * FindCoordinator 0–6: which broker coordinates a group or a transactional id (C-1 to C-6). The
 * internal topic is made when somebody asks first. Share groups (key type 2) are not served.
 */
import { ErrorCode, errorByCode } from '../../../protocol/errors.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { locateCoordinator } from '../group/coordinator-location.ts'
import { groupHandler } from '../group/group-handler.ts'
import { TimeSlice } from '../time-slice.ts'

/** From here on many keys are asked for at once. */
const manyKeysSince = 4

export const findCoordinator = groupHandler(FindCoordinator, {
  async handle(request, { apiVersion, broker, listenerName }) {
    const isMany = apiVersion >= manyKeysSince
    const keys = isMany ? request.coordinatorKeys : [request.key]
    const slice = new TimeSlice(broker.env)
    const coordinators: ReturnType<typeof failed>[] = []
    for (const key of keys) {
      if (slice.isOver) await slice.next()
      const found = await locateCoordinator(broker, request.keyType, key, listenerName)
      coordinators.push(
        typeof found === 'number'
          ? failed(key, found)
          : { key, ...found, errorCode: 0, errorMessage: isMany ? '' : 'NONE' },
      )
    }
    return isMany ? { coordinators } : coordinators[0]!
  },
  failure(request, errorCode, _message, { apiVersion }) {
    if (apiVersion < manyKeysSince) return failed(request.key, errorCode)
    return { coordinators: request.coordinatorKeys.map((key) => failed(key, errorCode)) }
  },
})

function failed(key: string, errorCode: number) {
  // That there is no coordinator yet is no news to a client: it asks again.
  const isUsual = errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE
  const errorMessage = isUsual ? '' : errorByCode(errorCode).message
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
}
