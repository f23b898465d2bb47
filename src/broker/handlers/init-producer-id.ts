/**
 * InitProducerId 0–6, for idempotent producers: a producer id that nobody has had before.
 * Transactional ids are answered COORDINATOR_NOT_AVAILABLE: there are no transactions yet.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { InitProducerId } from '../../../protocol/messages/init-producer-id.ts'
import { handler } from '../handler.ts'

export const initProducerId = handler(InitProducerId, {
  versions: [0, 6],
  async handle(request, { broker }) {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST)
    if ((producerId === -1) !== (producerEpoch === -1)) return failed(ErrorCode.INVALID_REQUEST)
    if (transactionalId !== null) return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    const allocated = await broker.producerIds.next()
    return { errorCode: ErrorCode.NONE, producerId: allocated, producerEpoch: 0 }
  },
  failure: (_request, errorCode) => failed(errorCode),
})

function failed(errorCode: number) {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}
