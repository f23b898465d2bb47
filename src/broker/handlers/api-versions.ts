/**
 * ApiVersions 0–4: the first request of every client. Versions that this broker does not know are
 * answered by dispatch in version 0.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { ApiVersions } from '../../../protocol/messages/api-versions.ts'
import { Produce } from '../../../protocol/messages/produce.ts'
import type { ResponseOf } from '../../../protocol/schema.ts'
import { advertisedVersions } from '../advertised.ts'
import { supportedFeatures } from '../features.ts'
import { handler, type RequestContext } from '../handler.ts'

/** What a client may call itself (KIP-511). */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** librdkafka compresses only for brokers that say they serve Produce 0 (KAFKA-18659). */
const produceVersionMin = 0

export const apiVersions = handler(ApiVersions, {
  handle(request, context) {
    const { clientSoftwareName, clientSoftwareVersion } = request
    const named = softwareName.test(clientSoftwareName) && softwareName.test(clientSoftwareVersion)
    if (context.apiVersion >= 3 && !named) return answer(context, ErrorCode.INVALID_REQUEST)
    return answer(context, ErrorCode.NONE)
  },
})

function answer({ broker, apiVersion, handlers }: RequestContext, errorCode: number) {
  if (errorCode !== ErrorCode.NONE) return { errorCode, apiKeys: [] }
  const response: ResponseOf<typeof ApiVersions> = {
    errorCode,
    apiKeys: advertisedVersions(handlers, broker.config.get('unstable.api.versions.enable')).map(
      ({ apiKey, minVersion, maxVersion }) => ({
        apiKey,
        minVersion: apiKey === Produce.key ? produceVersionMin : minVersion,
        maxVersion,
      }),
    ),
    // A minimum of 0 is unreadable to clients before version 4 (KIP-584).
    supportedFeatures: supportedFeatures.filter((each) => apiVersion >= 4 || each.minVersion > 0),
    finalizedFeaturesEpoch: broker.image.revision,
    finalizedFeatures: [...broker.image.features]
      .filter(([, level]) => level > 0)
      .map(([name, level]) => ({ name, minVersionLevel: level, maxVersionLevel: level })),
  }
  return response
}
