/**
 * DescribeConfigs 1–4: every value of a topic, a broker, a group or a client metrics subscription, with
 * where it comes from.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeConfigs } from '../../../protocol/messages/describe-configs.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import { type ConfigHolder, describeResource, resourceTypesKnown } from '../described-resource.ts'
import { handler, RequestError } from '../handler.ts'

type Resource = RequestOf<typeof DescribeConfigs>['resources'][number]

export const describeConfigs = handler(DescribeConfigs, {
  handle(request, { broker }) {
    const unknown = request.resources.find(
      ({ resourceType }) => !resourceTypesKnown.includes(resourceType),
    )
    if (unknown)
      throw new RequestError(
        ErrorCode.INVALID_REQUEST,
        `Resource type ${unknown.resourceType} is unknown`,
      )
    const { describedValues } = broker.traffic
    let values = 0
    const results = request.resources.map((resource) => {
      if (values >= describedValues.max) {
        describedValues.refused++
        return refused(resource, describedValues.max)
      }
      const answered = result(broker, resource, request)
      values += answered.configs.length
      return answered
    })
    describedValues.took(values)
    return { results }
  },
  failure: ({ resources }, errorCode, errorMessage) => ({
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
})

function refused(
  { resourceType, resourceName }: Resource,
  valuesMax: number,
): ReturnType<typeof result> {
  const errorMessage = `One request is told ${valuesMax} values; ask again for this resource`
  return {
    errorCode: ErrorCode.INVALID_REQUEST,
    errorMessage,
    resourceType,
    resourceName,
    configs: [],
  }
}

function result(
  holder: ConfigHolder,
  resource: Resource,
  asked: { readonly includeSynonyms: boolean; readonly includeDocumentation: boolean },
) {
  const { resourceType, resourceName, configurationKeys: keys } = resource
  const found = describeResource(holder, resourceType, resourceName)
  if (!Array.isArray(found)) return { ...found, resourceType, resourceName, configs: [] }
  const names = new Set(keys)
  const wanted = names.size > 0 ? found.filter(({ name }) => names.has(name)) : found
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    resourceType,
    resourceName,
    configs: wanted.map((entry) => ({
      ...entry,
      synonyms: asked.includeSynonyms ? [...entry.synonyms] : [],
      documentation: asked.includeDocumentation ? entry.documentation : null,
    })),
  }
}
