import { api, array, bool, int8, int16, int32, string } from '../schema.ts'

const featureUpdateKey = {
  feature: string,
  maxVersionLevel: int16,
  allowDowngrade: bool.until(0),
  // 1: upgrade; 2: safe downgrade; 3: unsafe downgrade.
  upgradeType: int8.default(1).since(1),
}

/** Changes the finalized level of features of the cluster (KIP-584). */
export const UpdateFeatures = api(57, 'UpdateFeatures', {
  versions: [0, 2],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60000),
    featureUpdates: array(featureUpdateKey),
    validateOnly: bool.default(false).since(1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: array({
      feature: string,
      errorCode: int16,
      errorMessage: string.nullable(),
    }).until(1),
  },
})
