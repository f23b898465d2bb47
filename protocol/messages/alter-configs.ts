import { api, array, bool, int8, int16, int32, string } from '../schema.ts'

const alterConfigsResource = {
  resourceType: int8, // 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
  resourceName: string,
  configs: array({ name: string, value: string.nullable() }),
}

const alterConfigsResourceResponse = {
  errorCode: int16,
  errorMessage: string.nullable(),
  resourceType: int8,
  resourceName: string,
}

/**
 * Replaces the whole dynamic configuration of resources; IncrementalAlterConfigs is its successor.
 */
export const AlterConfigs = api(33, 'AlterConfigs', {
  versions: [0, 2],
  flexible: 2,
  request: {
    resources: array(alterConfigsResource),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: array(alterConfigsResourceResponse),
  },
})
