/** What a coordinator writes when it starts: new metadata, or what its configuration changed. */
import type { ClusterRecord } from '../../protocol/coordinator/record.ts'
import { type ClusterImage, resourceTypes } from '../core/cluster/image.ts'
import { eligibleAfter } from '../core/cluster/min-insync.ts'

export interface Setup {
  readonly clusterId: string
  readonly staticConfigs: Readonly<Record<string, string>>
  readonly features: Readonly<Record<string, number>>
  readonly leaseMs: number
}

export function initialRecords(image: ClusterImage, setup: Setup): ClusterRecord[] {
  const records: ClusterRecord[] = []
  const { staticConfigs, features, leaseMs } = setup
  const fresh = image.clusterId === ''
  // Never lowered: a broker may still hold a lease of the longer kind.
  if (fresh || image.maxLeaseMs < leaseMs)
    records.push({
      kind: 'cluster',
      clusterId: fresh ? setup.clusterId : image.clusterId,
      maxLeaseMs: leaseMs,
    })
  if (fresh) records.push(...defaultMinInsyncReplicas(staticConfigs))
  if (fresh)
    for (const [name, level] of Object.entries(features))
      records.push({ kind: 'feature', name, level })
  const minInSync = staticConfigs['min.insync.replicas']
  // As Kafka formats a cluster with eligible leader replicas: one value for all, changed dynamically.
  if (fresh && minInSync !== undefined && features['eligible.leader.replicas.version'])
    records.push({
      kind: 'config',
      resourceType: resourceTypes.broker,
      resourceName: '',
      name: 'min.insync.replicas',
      value: minInSync,
    })
  for (const [name, value] of Object.entries(staticConfigs))
    if (image.staticConfigs.get(name) !== value) records.push({ kind: 'staticConfig', name, value })
  return [...records, ...eligibleAfter(image, records)]
}

/**
 * Eligible leader replicas need one minimum for the whole cluster (KIP-966): as in Kafka it becomes the
 * cluster's dynamic default when the metadata is made.
 */
function defaultMinInsyncReplicas(
  staticConfigs: Readonly<Record<string, string>>,
): ClusterRecord[] {
  const name = 'min.insync.replicas'
  const value = staticConfigs[name]
  if (value === undefined) return []
  return [{ kind: 'config', resourceType: resourceTypes.broker, resourceName: '', name, value }]
}
