/** How soon a producer tries again, which depends on whether it knows a newer leader. */
import type { Cluster } from './cluster.ts'
import type { MetadataCache } from './metadata.ts'
import type { PartitionQueue } from './partition-queue.ts'

const notLeader = 6
/** A new leader may hear of it a moment later than its clients: a few short pauses, from 1/16 of the backoff on. */
const refusalsBeforeBackoff = 4

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

/** Sets the pause after a failure: none when a newer leader is known (KIP-951). */
export function pauseAfter(
  { metadata, env, retryOptions }: Cluster,
  queue: PartitionQueue,
  attempts: number,
  errorCode: number,
): void {
  const { firstMs, lastMs } = retryOptions
  const exponent = errorCode === notLeader ? queue.refusals++ - refusalsBeforeBackoff : attempts - 1
  const pauseMs = Math.min(lastMs, firstMs * 2 ** Math.min(exponent, 10))
  queue.notBeforeMs = hasMoved(metadata, queue) ? 0 : env.clock.monotonicMs() + pauseMs
}
