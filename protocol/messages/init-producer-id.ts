import { api, bool, int16, int32, int64, string } from '../schema.ts'

/**
 * Hands out a producer id and epoch; for a transactional id it fences the producer before and ends
 * its transaction (KIP-98, KIP-360).
 */
export const InitProducerId = api(22, 'InitProducerId', {
  versions: [0, 6],
  unstableSince: 6, // Not advertised unless unstable.api.versions.enable.
  flexible: 2,
  request: {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.default(-1).since(3),
    producerEpoch: int16.default(-1).since(3),
    enable2Pc: bool.default(false).since(6), // KIP-939
    keepPreparedTxn: bool.default(false).since(6), // KIP-939
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.default(-1),
    producerEpoch: int16,
    ongoingTxnProducerId: int64.default(-1).since(6),
    ongoingTxnProducerEpoch: int16.default(-1).since(6),
  },
})
