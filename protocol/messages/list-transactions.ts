import { api, array, int16, int32, int64, string } from '../schema.ts'

/** Lists the transactional ids that this broker coordinates (KIP-664). */
export const ListTransactions = api(66, 'ListTransactions', {
  versions: [0, 2],
  flexible: 0,
  request: {
    stateFilters: array(string),
    producerIdFilters: array(int64),
    durationFilter: int64.default(-1).since(1),
    transactionalIdPattern: string.nullable().default(null).since(2),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    unknownStateFilters: array(string),
    transactionStates: array({
      transactionalId: string,
      producerId: int64,
      transactionState: string,
    }),
  },
})
