/**
 * What a follower does to its log with an answer of its leader.
 *
 * Batches are appended as they are. Where the logs part, the follower's end goes (KIP-101, KIP-279,
 * KIP-320), never below its own high watermark: what is below was promised, so a leader that lacks
 * it was elected uncleanly, and then the metadata says so.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Partition } from '../partition.ts'

export interface FetchedData {
  readonly records: Buffer | null
  readonly highWatermark: number
  readonly logStartOffset: number
}

/** Throws when the batches cannot be appended. */
export function applyFetched(partition: Partition, data: FetchedData): void {
  const { log } = partition
  if (log === undefined) return
  if (data.records !== null && data.records.length > 0) {
    const outcome = log.stageAsFollower(data.records, { leaderEpochMax: partition.leaderEpoch })
    if (outcome.errorCode !== ErrorCode.NONE)
      throw new Error(outcome.errorMessage ?? `The batches were refused with ${outcome.errorCode}`)
    log.writeStaged()
    partition.followed(data.records.length)
  }
  if (data.logStartOffset > log.logStartOffset)
    log.advanceStart(Math.min(data.logStartOffset, log.logEndOffset))
  const before = log.highWatermark
  log.highWatermark = data.highWatermark
  if (log.highWatermark > before) partition.waiting.wake()
}

/** The leader's log has `epoch` end at `endOffset`, before what we asked for. */
export function truncateDiverged(
  partition: Partition,
  { epoch, endOffset }: { readonly epoch: number; readonly endOffset: number },
): void {
  const { log } = partition
  if (log === undefined) return
  const own = log.endOffsetForEpoch(epoch)
  // The epoch is unknown here: what we have of an older one ends where the leader's may go on.
  const target =
    own === undefined
      ? Math.min(log.highWatermark, log.logEndOffset)
      : own.epoch === epoch
        ? Math.min(own.endOffset, endOffset, log.logEndOffset)
        : Math.min(own.endOffset, log.logEndOffset)
  cutTo(partition, target)
}

/**
 * Cuts off what claims an epoch that has not been yet: no checksum covers a batch's epoch, and no leader can tell
 * where such a one ends. Only of a replica that nobody counts on: it fetches again what it loses. As soon as that is known
 * and not with the first fetch, or an unclean election would take it for the longest log. A disk that fails is offline then.
 */
export function cutImpossibleEpochs(partition: Partition, nodeId: number): void {
  const { log, image } = partition
  if (log === undefined || log.leaderEpochs.latest <= image.leaderEpoch) return
  if (image.isr.includes(nodeId) || image.elr.includes(nodeId)) return
  const { epoch, startOffset } = log.leaderEpochs.entries.find(
    (entry) => entry.epoch > image.leaderEpoch,
  )!
  log.disk.env.log.warn('Log is cut where its batches claim a leader epoch that has not been', {
    log: log.name,
    epoch,
    leaderEpoch: image.leaderEpoch,
    from: startOffset,
    to: log.logEndOffset,
  })
  try {
    log.truncateTo(startOffset)
    log.leaderEpochs.truncateFromEnd(log.logEndOffset)
  } catch (error) {
    // The rest of the metadata is not about this disk.
    log.disk.fail(`Cutting of ${log.name} failed`, error)
  }
}

/** Throws when committed records would go and no unclean election explains it. */
export function cutTo(partition: Partition, offset: number): void {
  const { log, image } = partition
  if (log === undefined) return
  // A loss of power may bring back what was cut before.
  const isExplained = image.unclean || log.leaderEpochs.latest < image.uncleanEpoch
  if (offset < log.highWatermark && !isExplained)
    throw new Error(
      `The leader has nothing at offset ${offset}, but offsets up to ${log.highWatermark} are committed here`,
    )
  log.truncateTo(offset)
  // An epoch that began at the very end had nothing written in it: it goes as well.
  log.leaderEpochs.truncateFromEnd(log.logEndOffset)
}
