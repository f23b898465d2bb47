import { api, bool, int16, int32, int64, string } from '../schema.ts'

/**
 * Commits or aborts the transaction under way; from version 5 it also bumps the producer epoch
 * (KIP-890).
 */
export const EndTxn = api(26, 'EndTxn', {
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    committed: bool, // true: commit; false: abort.
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.default(-1).since(5),
    producerEpoch: int16.default(-1).since(5),
  },
})
