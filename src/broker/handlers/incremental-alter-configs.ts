/** IncrementalAlterConfigs 0–1: sets, deletes, appends to and subtracts from values. */
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { alterEach, failed } from '../config-changes.ts'
import { askCoordinator } from '../forwarded.ts'
import { handler } from '../handler.ts'

export const incrementalAlterConfigs = handler(IncrementalAlterConfigs, {
  async handle({ resources, validateOnly }, context) {
    const responses = await alterEach(context.broker, resources, validateOnly, async (left) => {
      const request = { resources: left, validateOnly }
      return (await askCoordinator(IncrementalAlterConfigs, request, context)).responses
    })
    return { responses }
  },
  failure: ({ resources }, errorCode, message) => ({
    responses: failed(resources, errorCode, message),
  }),
})
