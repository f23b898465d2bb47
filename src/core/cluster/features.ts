/** UpdateFeatures (behaviours A-13): finalized levels of what the whole cluster supports. */
import type { RecordOf } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { UpdateFeatures } from '../../../protocol/messages/update-features.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { type Fault, fault, isFault } from './fault.ts'
import type { ClusterImage } from './image.ts'

const upgrade = 1
const safeDowngrade = 2
const unsafeDowngrade = 3

type Asked = RequestOf<typeof UpdateFeatures>['featureUpdates'][number]

export function updateFeatures(
  image: ClusterImage,
  { featureUpdates, validateOnly }: RequestOf<typeof UpdateFeatures>,
  apiVersion: number,
): Decision<ResponseOf<typeof UpdateFeatures>, RecordOf<'feature'>> {
  const records: RecordOf<'feature'>[] = []
  for (const asked of featureUpdates) {
    const record = update(image, asked, apiVersion)
    if (isFault(record)) {
      const { errorCode } = record
      const errorMessage = `The update failed for all features since the following feature had an error: ${record.errorMessage}`
      return { records: [], reply: { errorCode, errorMessage, results: [] } }
    }
    records.push(record)
  }
  const results = featureUpdates.map(({ feature }) => ({
    feature,
    errorCode: 0,
    errorMessage: null,
  }))
  return {
    records: validateOnly ? [] : records,
    reply: { errorCode: 0, errorMessage: null, results: apiVersion >= 2 ? [] : results },
  }
}

function update(
  image: ClusterImage,
  { feature, maxVersionLevel, allowDowngrade, upgradeType }: Asked,
  apiVersion: number,
): Fault | RecordOf<'feature'> {
  const invalid = (reason: string) =>
    fault(
      errors.INVALID_UPDATE_VERSION,
      `Invalid update version ${maxVersionLevel} for feature ${feature}. ${reason}`,
    )
  if (maxVersionLevel < 0) return invalid('A level is not negative.')
  const ranges = [...image.brokers.values()].map((broker) =>
    broker.features.find(({ name }) => name === feature),
  )
  if (!ranges.some((range) => range !== undefined))
    return invalid(
      maxVersionLevel === 0
        ? `Feature ${feature} not found.`
        : `${nodeName(image, firstId(image))} does not support this feature.`,
    )
  for (const [i, range] of ranges.entries()) {
    const min = range?.minVersion ?? 0
    const max = range?.maxVersion ?? 0
    const brokerId = [...image.brokers.keys()][i] ?? -1
    if (maxVersionLevel < min || maxVersionLevel > max)
      return invalid(`${nodeName(image, brokerId)} only supports versions ${min}-${max}`)
  }
  if (apiVersion > 0 && ![upgrade, safeDowngrade, unsafeDowngrade].includes(upgradeType))
    return invalid('The controller does not support the given upgrade type.')
  const current = image.features.get(feature) ?? 0
  const downgrades = apiVersion === 0 ? allowDowngrade : upgradeType !== upgrade
  if (maxVersionLevel < current && !downgrades)
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    )
  // Its levels say how metadata are written, and an older one may not know what stands there.
  if (maxVersionLevel < current && feature === 'metadata.version')
    return fault(
      errors.INVALID_UPDATE_VERSION,
      `Unsupported metadata.version downgrade from ${current} to ${maxVersionLevel}. ${
        upgradeType === unsafeDowngrade
          ? 'Unsafe metadata downgrade is not supported in this version.'
          : 'Refusing to perform the requested downgrade because it might delete metadata information.'
      }`,
    )
  return { kind: 'feature', name: feature, level: maxVersionLevel }
}

const firstId = (image: ClusterImage) => Math.min(...image.brokers.keys())

/** Kafka names its controller before the brokers; the first broker stands for it here. */
function nodeName(image: ClusterImage, brokerId: number): string {
  return `${brokerId === firstId(image) ? 'Local controller' : 'Broker'} ${brokerId}`
}
