/**
 * The next state of a partition: who is in sync, who leads, with which epochs.
 *
 * This is the one place where a leader is chosen. The rules are Kafka's (PartitionChangeBuilder)
 * with eligible leader replicas (KIP-966): a replica that leaves the ISR while that is below
 * min.insync.replicas has everything up to the high watermark, because the high watermark stands
 * still meanwhile; so it may lead when nobody in the ISR can. Every new state raises the partition
 * epoch, every election (also one that finds nobody) the leader epoch.
 */
import type { ClusterImage, PartitionImage } from './image.ts'
import { type LogEnd, LogEnds, longestLog } from './log-ends.ts'

export interface PartitionTarget {
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  /** Replicas whose log may have lost its end: not eligible until they are in sync again. */
  readonly lossy?: readonly number[]
  /** `preferred` moves the leadership back to the first replica when that is in sync. */
  readonly election?: 'online' | 'preferred' | 'unclean'
}

export interface Electorate {
  readonly minIsr: number
  /** May this broker lead now? */
  readonly acceptable: (brokerId: number) => boolean
  readonly epochOf: (brokerId: number) => number
  /** What was told for an unclean election. Unasked, only a replica that is alone is elected so. */
  readonly logEnds?: readonly LogEnd[] | undefined
}

const nobodyAsked = new LogEnds()

/** Everybody who is active may lead. */
export function electorate(
  image: ClusterImage,
  partition: PartitionImage,
  logEnds = nobodyAsked,
): Electorate {
  const topic = image.topicById(partition.topicId)
  return {
    minIsr: image.minInsyncReplicas(topic?.name ?? '', partition.replicas.length),
    acceptable: (brokerId) => image.isActive(brokerId),
    epochOf: (brokerId) => image.brokers.get(brokerId)?.brokerEpoch ?? 0,
    logEnds: logEnds.of(image, partition),
  }
}

/** Undefined when nothing changes. */
export function changePartition(
  before: PartitionImage,
  wanted: PartitionTarget,
  voters: Electorate,
): PartitionImage | undefined {
  const target = completeReassignment(before, wanted)
  const candidates = eligible(before, target, voters.minIsr)
  const chosen = choose(before, target, candidates, voters, wanted.election ?? 'online')
  let { isr, elr, lastKnownElr } = candidates
  if (chosen.leader !== -1 && !isr.includes(chosen.leader)) {
    // Elected from the ELR, or uncleanly: it alone is in sync with itself.
    elr = chosen.unclean ? [] : elr.filter((id) => id !== chosen.leader)
    isr = [chosen.leader]
    lastKnownElr = chosen.unclean || voters.minIsr <= 1 ? [] : lastKnownElr
    if (voters.minIsr <= 1) elr = []
  }
  if (chosen.leader === -1 && isr.length === 0 && before.leader !== -1)
    lastKnownElr = [before.leader]
  const replicasLeave = before.replicas.some((id) => !target.replicas.includes(id))
  const elected =
    chosen.leader !== before.leader ||
    replicasLeave ||
    (chosen.leader !== -1 && before.leaderBrokerEpoch !== voters.epochOf(chosen.leader))
  const leaderEpoch = elected ? before.leaderEpoch + 1 : before.leaderEpoch
  const isUnclean = elected && chosen.leader !== before.leader && chosen.unclean
  const after: PartitionImage = {
    ...before,
    replicas: [...target.replicas],
    isr: [...isr],
    elr: [...elr],
    lastKnownElr: [...lastKnownElr],
    addingReplicas: [...target.addingReplicas],
    removingReplicas: [...target.removingReplicas],
    leader: chosen.leader,
    leaderEpoch,
    leaderBrokerEpoch: elected
      ? chosen.leader === -1
        ? 0
        : voters.epochOf(chosen.leader)
      : before.leaderBrokerEpoch,
    // It stays until everybody has followed: a replica that was away must learn why its end has to go.
    unclean: isUnclean || (before.unclean && isr.length < target.replicas.length),
    uncleanEpoch: isUnclean ? leaderEpoch : before.uncleanEpoch,
  }
  if (same(before, after)) return undefined
  return { ...after, partitionEpoch: before.partitionEpoch + 1 }
}

interface Target {
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly lossy: readonly number[]
}

/** A reassignment is complete when all that join are in sync, and somebody who stays is. */
function completeReassignment(before: PartitionImage, wanted: PartitionTarget): Target {
  const replicas = wanted.replicas ?? before.replicas
  const addingReplicas = wanted.addingReplicas ?? before.addingReplicas
  const removingReplicas = wanted.removingReplicas ?? before.removingReplicas
  const isr = (wanted.isr ?? before.isr).filter((id) => replicas.includes(id))
  const target = { replicas, isr, addingReplicas, removingReplicas, lossy: wanted.lossy ?? [] }
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return target
  const staying = isr.filter((id) => !removingReplicas.includes(id))
  if (staying.length === 0 || !addingReplicas.every((id) => staying.includes(id))) return target
  return {
    ...target,
    replicas: replicas.filter((id) => !removingReplicas.includes(id)),
    isr: staying,
    addingReplicas: [],
    removingReplicas: [],
  }
}

interface Eligible {
  readonly isr: readonly number[]
  readonly elr: readonly number[]
  readonly lastKnownElr: readonly number[]
}

function eligible(before: PartitionImage, target: Target, minIsr: number): Eligible {
  const { isr, replicas, lossy } = target
  if (isr.length >= Math.min(minIsr, replicas.length)) return { isr, elr: [], lastKnownElr: [] }
  const left = [...new Set([...before.elr, ...before.isr])].filter(
    (id) => replicas.includes(id) && !isr.includes(id),
  )
  const elr = left.filter((id) => !lossy.includes(id))
  return { isr, elr, lastKnownElr: before.lastKnownElr.filter((id) => replicas.includes(id)) }
}

function choose(
  before: PartitionImage,
  target: Target,
  { isr, elr, lastKnownElr }: Eligible,
  { acceptable, logEnds }: Electorate,
  election: 'online' | 'preferred' | 'unclean',
): { leader: number; unclean: boolean } {
  const clean = isr.length > 0 ? isr : elr
  const valid = (id: number) => clean.includes(id) && acceptable(id)
  const preferred = target.replicas[0] ?? -1
  if (election === 'preferred' && valid(preferred)) return { leader: preferred, unclean: false }
  if (valid(before.leader)) return { leader: before.leader, unclean: false }
  const first = target.replicas.find(valid)
  if (first !== undefined) return { leader: first, unclean: false }
  const [lastKnown] = lastKnownElr
  // Every replica that had all has lost its end or is gone for good: nobody has more than the last leader.
  const nothingBetter = isr.length === 0 && elr.length === 0
  if (lastKnown !== undefined && nothingBetter && acceptable(lastKnown))
    return { leader: lastKnown, unclean: true }
  const rest = election === 'unclean' ? target.replicas.filter(acceptable) : []
  const alone = rest.length === 1 ? rest[0] : undefined
  const any = logEnds === undefined ? alone : longestLog(rest, logEnds)
  return any === undefined ? { leader: -1, unclean: false } : { leader: any, unclean: true }
}

function same(a: PartitionImage, b: PartitionImage): boolean {
  const equal = (x: readonly number[], y: readonly number[]) =>
    x.length === y.length && x.every((id, i) => id === y[i])
  return (
    a.leader === b.leader &&
    a.leaderEpoch === b.leaderEpoch &&
    equal(a.isr, b.isr) &&
    equal(a.elr, b.elr) &&
    equal(a.lastKnownElr, b.lastKnownElr) &&
    equal(a.replicas, b.replicas) &&
    equal(a.addingReplicas, b.addingReplicas) &&
    equal(a.removingReplicas, b.removingReplicas)
  )
}
