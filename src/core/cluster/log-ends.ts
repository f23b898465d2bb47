/**
 * Where the logs of replicas end, as their brokers tell. An unclean election takes the longest: the one
 * of the latest leader epoch, and of those the one with the most records (LEASES §4.7).
 */
import type { ClusterImage, PartitionImage } from './image.ts'

export interface LogEnd {
  readonly brokerId: number
  /** The incarnation that told it: a later one may have less. */
  readonly brokerEpoch: number
  /** The last that the log knows; -1 for an empty one. */
  readonly leaderEpoch: number
  readonly endOffset: number
}

export interface LogEndsOf {
  readonly topicId: string
  readonly partition: number
  readonly ends: readonly LogEnd[]
}

export class LogEnds {
  readonly #byPartition = new Map<string, readonly LogEnd[]>()

  constructor(all: readonly LogEndsOf[] = []) {
    for (const { topicId, partition, ends } of all)
      this.#byPartition.set(`${topicId}/${partition}`, ends)
  }

  /** Of incarnations that still are; undefined when nobody was asked. */
  of(image: ClusterImage, { topicId, partition }: PartitionImage): readonly LogEnd[] | undefined {
    return this.#byPartition
      .get(`${topicId}/${partition}`)
      ?.filter(
        ({ brokerId, brokerEpoch }) => image.brokers.get(brokerId)?.brokerEpoch === brokerEpoch,
      )
  }
}

/** Positive when `a` is the longer log. */
export function compareLogEnds(
  a: Pick<LogEnd, 'leaderEpoch' | 'endOffset'>,
  b: Pick<LogEnd, 'leaderEpoch' | 'endOffset'>,
): number {
  return a.leaderEpoch - b.leaderEpoch || a.endOffset - b.endOffset
}

/** The first of the longest in the order of `brokerIds`; undefined when none of them told. */
export function longestLog(
  brokerIds: readonly number[],
  ends: readonly LogEnd[],
): number | undefined {
  let longest: LogEnd | undefined
  for (const id of brokerIds) {
    const end = ends.find(({ brokerId }) => brokerId === id)
    if (end && (longest === undefined || compareLogEnds(end, longest) > 0)) longest = end
  }
  return longest?.brokerId
}
