/** UnregisterBroker 0: decided by the coordinator. */
import { UnregisterBroker } from '../../../protocol/messages/unregister-broker.ts'
import { forwarded } from '../forwarded.ts'

export const unregisterBroker = forwarded(UnregisterBroker, {
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage }),
})
