/** UpdateFeatures 0–2: decided by the coordinator. */
import { UpdateFeatures } from '../../../protocol/messages/update-features.ts'
import { forwarded } from '../forwarded.ts'

export const updateFeatures = forwarded(UpdateFeatures, {
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, results: [] }),
})
