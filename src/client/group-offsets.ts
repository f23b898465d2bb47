/** Committed offsets of a group: read, written, at the group coordinator. */
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import type { TopicPartition } from './assignors.ts'
import { retrying } from './backoff.ts'
import type { Cluster, Purpose } from './cluster.ts'
import { groupBy } from './group-by.ts'
import { checkError, KafkaError } from './kafka-error.ts'

/** From version 10 on topics have ids, which a command line does not always know. */
const versionByNameMax = 9
/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. */
const coordinatorErrors = new Set([14, 15, 16])

export interface CommittedOffset extends TopicPartition {
  /** -1: nothing committed. */
  readonly offset: number
  readonly metadata: string | null
  readonly leaderEpoch: number
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: number
  readonly metadata?: string | undefined
  readonly leaderEpoch?: number | undefined
}

/** Runs against the coordinator of a group, which is looked up again when it moved. */
export async function atGroupCoordinator<T>(
  cluster: Cluster,
  groupId: string,
  run: (nodeId: number) => Promise<T>,
  timeoutMs?: number,
): Promise<T> {
  const between = (error: unknown) => {
    if (error instanceof KafkaError && (coordinatorErrors.has(error.code) || error.code < -1))
      cluster.forgetCoordinator('group', groupId)
  }
  const options = {
    ...cluster.retryOptions,
    ...(timeoutMs !== undefined && { timeoutMs }),
    between,
  }
  return retrying(cluster.env, options, async () =>
    run(await cluster.coordinator('group', groupId)),
  )
}

/** `partitions` null: everything the group has committed. */
export async function fetchCommitted(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
  options: {
    purpose?: Purpose
    memberId?: string
    memberEpoch?: number
    requireStable?: boolean
  } = {},
): Promise<CommittedOffset[]> {
  const topics =
    partitions &&
    [...groupBy(partitions, ({ topic }) => topic)].map(([name, items]) => ({
      name,
      partitionIndexes: items.map(({ partition }) => partition),
    }))
  return atGroupCoordinator(cluster, groupId, async (nodeId) => {
    const connection = await cluster.connection(nodeId, options.purpose)
    const version = Math.min(connection.requireVersion(OffsetFetch), versionByNameMax)
    const { memberId = null, memberEpoch = -1, requireStable = false } = options
    const answer = await connection.send(
      OffsetFetch,
      version >= 8
        ? { groups: [{ groupId, memberId, memberEpoch, topics }], requireStable }
        : { groupId, topics, requireStable },
      { version },
    )
    const found = version >= 8 ? answer.groups[0]! : answer
    checkError(found.errorCode, `Committed offsets of group ${groupId}`)
    return found.topics.flatMap(({ name, partitions }) =>
      partitions.map((item) => {
        checkError(item.errorCode, `Committed offset of ${name}-${item.partitionIndex}`)
        return {
          topic: name,
          partition: item.partitionIndex,
          offset: item.committedOffset,
          metadata: item.metadata,
          leaderEpoch: item.committedLeaderEpoch,
        }
      }),
    )
  })
}

/** Commits; results for each partition in `onResult`, otherwise the first error is thrown. */
export async function commitOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  options: {
    purpose?: Purpose
    memberId?: string
    generationId?: number
    groupInstanceId?: string | null
    timeoutMs?: number
  } = {},
): Promise<void> {
  if (offsets.length === 0) return
  await atGroupCoordinator(
    cluster,
    groupId,
    async (nodeId) => {
      const connection = await cluster.connection(nodeId, options.purpose)
      const version = Math.min(connection.requireVersion(OffsetCommit), versionByNameMax)
      const answer = await connection.send(
        OffsetCommit,
        {
          groupId,
          generationIdOrMemberEpoch: options.generationId ?? -1,
          memberId: options.memberId ?? '',
          groupInstanceId: options.groupInstanceId ?? null,
          topics: [...groupBy(offsets, ({ topic }) => topic)].map(([name, items]) => ({
            name,
            partitions: items.map(({ partition, offset, metadata, leaderEpoch }) => ({
              partitionIndex: partition,
              committedOffset: offset,
              committedLeaderEpoch: leaderEpoch ?? -1,
              committedMetadata: metadata ?? '',
            })),
          })),
        },
        { version },
      )
      for (const { name, partitions } of answer.topics)
        for (const { partitionIndex, errorCode } of partitions)
          checkError(errorCode, `Committing ${name}-${partitionIndex} of group ${groupId}`)
    },
    options.timeoutMs,
  )
}
