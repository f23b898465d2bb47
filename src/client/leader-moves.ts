/** How soon a producer tries again, which depends on whether it knows a newer leader. */
import type { Cluster } from './cluster.ts'
import type { MetadataCache } from './metadata.ts'
import type { PartitionQueue } from './partition-queue.ts'

const notLeader = 6
/** Who leads may be known a moment later than it is so: a few short pauses, from 1/16 of the backoff on. */
export const shortPausesMax = 4

/** Remembers which leader something is sent to. */
export function noteSent(metadata: MetadataCache, queue: PartitionQueue): void {
  const epoch = metadata.partition(queue.topic, queue.partition)?.leaderEpoch ?? -1
  if (epoch !== queue.sentEpoch) queue.refusals = 0
  queue.sentEpoch = epoch
}

/** Another leader is known than the one that was sent to last. */
export function hasMoved(metadata: MetadataCache, queue: PartitionQueue): boolean {
  const info = metadata.partition(queue.topic, queue.partition)
  return info !== undefined && info.leader >= 0 && info.leaderEpoch > queue.sentEpoch
}

/** To a newer leader is sent at once, also if it was away a moment ago. False when none is known. */
export function followLeader(cluster: Cluster, queue: PartitionQueue): boolean {
  if (!hasMoved(cluster.metadata, queue)) return false
  queue.notBeforeMs = 0
  cluster.expect(cluster.metadata.partition(queue.topic, queue.partition)!.leader)
  return true
}

/** Sets the pause after a failure: none when a newer leader is known (KIP-951). */
export function pauseAfter(
  cluster: Cluster,
  queue: PartitionQueue,
  attempts: number,
  errorCode: number,
): void {
  const { firstMs, lastMs } = cluster.retryOptions
  const exponent = errorCode === notLeader ? queue.refusals++ - shortPausesMax : attempts - 1
  const pauseMs = Math.min(lastMs, firstMs * 2 ** Math.min(exponent, 10))
  if (!followLeader(cluster, queue)) queue.notBeforeMs = cluster.env.clock.monotonicMs() + pauseMs
}
