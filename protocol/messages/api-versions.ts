import { api, array, bool, int16, int32, int64, string } from '../schema.ts'

/** Tells which APIs and versions the broker serves, and the features of the cluster (KIP-584). */
export const ApiVersions = api(18, 'ApiVersions', {
  versions: [0, 4],
  flexible: 3,
  request: {
    clientSoftwareName: string.since(3),
    clientSoftwareVersion: string.since(3),
  },
  response: {
    errorCode: int16,
    apiKeys: array({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
    throttleTimeMs: int32.default(0).since(1),
    supportedFeatures: array({ name: string, minVersion: int16, maxVersion: int16 })
      .since(3)
      .tag(0),
    finalizedFeaturesEpoch: int64.default(-1).since(3).tag(1), // -1: unknown.
    finalizedFeatures: array({
      name: string,
      maxVersionLevel: int16,
      minVersionLevel: int16,
    })
      .since(3)
      .tag(2),
    zkMigrationReady: bool.default(false).since(3).tag(3),
  },
})
