/** What a coordinator writes when it starts: new metadata, or what its configuration changed. */
import type { ClusterRecord } from '../../protocol/coordinator/record.ts'
import type { ClusterImage } from '../core/cluster/image.ts'

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
  if (fresh)
    for (const [name, level] of Object.entries(features))
      records.push({ kind: 'feature', name, level })
  for (const [name, value] of Object.entries(staticConfigs))
    if (image.staticConfigs.get(name) !== value) records.push({ kind: 'staticConfig', name, value })
  return records
}
