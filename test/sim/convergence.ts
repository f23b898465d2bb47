/** What is still missing when nothing fails any more: undefined when the cluster is whole again. */
import type { SimCluster } from './cluster.ts'
import { LogWalk } from './ledger.ts'
import type { Workload } from './workload.ts'

export function convergence(cluster: SimCluster, workload: Workload): string | undefined {
  const image = cluster.coordinator.coordinator?.image
  if (image === undefined) return 'V2: there is no coordinator'
  for (const { name, broker, node } of cluster.brokers)
    if (broker === undefined || node === undefined) return `V1: ${name} does not serve`
  for (const { name, partitions } of image.topics())
    for (const { partition: index, leader, isr, replicas, adding } of partitions.map((each) => ({
      ...each,
      adding: each.addingReplicas,
    }))) {
      const what = `${name}-${index}`
      if (leader === -1) return `V1: ${what} has no leader`
      const leading = cluster.brokers
        .find(({ id }) => id === leader)
        ?.broker?.partitions.get(name, index)
      if (leading?.mayAnswer() !== true) return `V1: broker ${leader} does not answer for ${what}`
      if (isr.length < replicas.length || adding.length > 0)
        return `V4: of ${replicas} only ${isr} are in sync in ${what}`
      const { log } = leading
      if (log === undefined || log.highWatermark < log.logEndOffset)
        return `V4: ${what} is committed to ${log?.highWatermark} of ${log?.logEndOffset}`
      if (leading.followers?.proposal) return `V3: a change of the ISR of ${what} is not decided`
      for (const id of replicas) {
        const lacks = differs(cluster, name, index, leader, id)
        if (lacks) return lacks
      }
    }
  if (workload.outstanding > 0) return `V5: ${workload.outstanding} records are not decided`
  return undefined
}

/** Every replica is the same, byte for byte. */
function differs(
  cluster: SimCluster,
  topic: string,
  index: number,
  leader: number,
  other: number,
): string | undefined {
  const members = [leader, other].map((id) => {
    const member = cluster.brokers.find((each) => each.id === id)
    return { member, log: member?.broker?.partitions.get(topic, index)?.log }
  })
  // Each deletes in its own time what is too old.
  const start = Math.max(...members.map(({ log }) => log?.logStartOffset ?? 0))
  const [first, second] = members.map(({ member, log }) => {
    if (member === undefined || log === undefined) return undefined
    return [...new LogWalk(member.host.disk, log).between(start, log.logEndOffset)]
  })
  const what = `V4: broker ${other} has another ${topic}-${index} than its leader ${leader}`
  if (first === undefined || second === undefined || first.length !== second.length) return what
  for (const [i, { checksum }] of first.entries()) if (second[i]?.checksum !== checksum) return what
  return undefined
}
