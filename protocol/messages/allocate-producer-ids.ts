import { api, int16, int32, int64 } from '../schema.ts'

/** Reserves a block of producer ids: a broker asks the controller (KIP-730). */
export const AllocateProducerIds = api(67, 'AllocateProducerIds', {
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerIdStart: int64,
    producerIdLen: int32,
  },
})
