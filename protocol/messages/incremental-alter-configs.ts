import { api, array, bool, int8, int16, int32, string } from '../schema.ts'

const alterConfigsResource = {
  resourceType: int8, // 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
  resourceName: string,
  configs: array({
    name: string,
    configOperation: int8, // 0: set; 1: delete; 2: append; 3: subtract.
    value: string.nullable(),
  }),
}

const alterConfigsResourceResponse = {
  errorCode: int16,
  errorMessage: string.nullable(),
  resourceType: int8,
  resourceName: string,
}

/** Sets, deletes, appends to and subtracts from single configurations (KIP-339). */
export const IncrementalAlterConfigs = api(44, 'IncrementalAlterConfigs', {
  versions: [0, 1],
  flexible: 1,
  request: {
    resources: array(alterConfigsResource),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: array(alterConfigsResourceResponse),
  },
})
