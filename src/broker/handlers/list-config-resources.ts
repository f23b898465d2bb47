/** ListConfigResources 0–1: what has, or could have, configurations (KIP-1142, A-16). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { ListConfigResources } from '../../../protocol/messages/list-config-resources.ts'
import { type ClusterImage, resourceTypes } from '../../core/cluster/image.ts'
import { brokerLoggers } from '../described-resource.ts'
import { handler } from '../handler.ts'

const { topic, broker, clientMetrics, group } = resourceTypes
const all: readonly number[] = [topic, broker, brokerLoggers, clientMetrics, group]

export const listConfigResources = handler(ListConfigResources, {
  handle({ resourceTypes: asked }, { broker: { image }, apiVersion }) {
    const types = apiVersion === 0 ? [clientMetrics] : asked.length === 0 ? all : asked
    if (types.some((type) => !all.includes(type)))
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] }
    const configResources = [...new Set(types)].flatMap((resourceType) =>
      names(image, resourceType).map((resourceName) => ({ resourceName, resourceType })),
    )
    return { errorCode: ErrorCode.NONE, configResources }
  },
  failure: (_request, errorCode) => ({ errorCode, configResources: [] }),
})

function names(image: ClusterImage, resourceType: number): string[] {
  if (resourceType === topic) return [...image.topics()].map(({ name }) => name)
  if (resourceType === broker || resourceType === brokerLoggers)
    return [...image.brokers.keys()].map(String)
  return image.configuredResources(resourceType)
}
