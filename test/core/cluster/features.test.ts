/** UpdateFeatures, each as a running Kafka 4.3.1 answered it. */
import { expect, test } from 'vitest'
import { ClusterMachine } from '../../../src/core/cluster/cluster-machine.ts'
import { updateFeatures } from '../../../src/core/cluster/features.ts'
import { anyConfigs } from './any-configs.ts'
import { register, run } from './build.ts'

const [upgrade, safe, unsafe] = [1, 2, 3]

function oneBroker() {
  const machine = new ClusterMachine(anyConfigs)
  machine.apply({ kind: 'cluster', clusterId: 'test', maxLeaseMs: 600 })
  const first = register(1, 'first')
  const features = [
    { name: 'metadata.version', minVersion: 7, maxVersion: 30 },
    { name: 'transaction.version', minVersion: 0, maxVersion: 2 },
  ]
  run(machine, { ...first, broker: { ...first.broker, features } })
  machine.apply({ kind: 'feature', name: 'metadata.version', level: 30 })
  machine.apply({ kind: 'feature', name: 'transaction.version', level: 2 })
  return machine.image
}

function update(feature: string, maxVersionLevel: number, upgradeType: number) {
  const asked = { feature, maxVersionLevel, upgradeType, allowDowngrade: false }
  const request = { featureUpdates: [asked], timeoutMs: 0, validateOnly: false }
  const { records, reply } = updateFeatures(oneBroker(), request, 2)
  const said = reply.errorMessage?.replace(/^The update failed .* had an error: /, '')
  return said ?? records
}

test('features go down only when that is asked for, and metadata.version never', () => {
  const invalid = (level: number, feature: string, reason: string) =>
    `Invalid update version ${level} for feature ${feature}. ${reason}`
  const without =
    "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
  expect([
    update('transaction.version', 1, upgrade),
    update('transaction.version', 1, safe),
    update('transaction.version', 3, upgrade),
    update('metadata.version', 29, safe),
    update('metadata.version', 29, unsafe),
    update('metadata.version', 3, safe),
    update('metadata.version', 0, safe),
    update('nothing', 3, upgrade),
    update('nothing', 0, safe),
  ]).toEqual([
    invalid(1, 'transaction.version', without),
    [{ kind: 'feature', name: 'transaction.version', level: 1 }],
    invalid(3, 'transaction.version', 'Local controller 1 only supports versions 0-2'),
    'Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because it might delete metadata information.',
    'Unsupported metadata.version downgrade from 30 to 29. Unsafe metadata downgrade is not supported in this version.',
    invalid(3, 'metadata.version', 'Local controller 1 only supports versions 7-30'),
    invalid(0, 'metadata.version', 'Local controller 1 only supports versions 7-30'),
    invalid(3, 'nothing', 'Local controller 1 does not support this feature.'),
    invalid(0, 'nothing', 'Feature nothing not found.'),
  ])
})
