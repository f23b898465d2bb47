/** AlterConfigs 0–2: replaces all overrides of a resource; what is left out falls back. */
import { AlterConfigs } from '../../../protocol/messages/alter-configs.ts'
import { alterEach, failed } from '../config-changes.ts'
import { askCoordinator } from '../forwarded.ts'
import { handler } from '../handler.ts'

export const alterConfigs = handler(AlterConfigs, {
  async handle({ resources, validateOnly }, context) {
    const responses = await alterEach(context.broker, resources, validateOnly, async (left) => {
      const request = { resources: left, validateOnly }
      return (await askCoordinator(AlterConfigs, request, context)).responses
    })
    return { responses }
  },
  failure: ({ resources }, errorCode, message) => ({
    responses: failed(resources, errorCode, message),
  }),
})
