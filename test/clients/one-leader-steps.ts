/** Requests that one broker of several answers: the leader of a partition, the coordinator of a group. */
import { buildBatch } from '../../protocol/build-batch.ts'
import { ConsumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { ConsumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { DeleteGroups } from '../../protocol/messages/delete-groups.ts'
import { DeleteRecords } from '../../protocol/messages/delete-records.ts'
import { DescribeGroups } from '../../protocol/messages/describe-groups.ts'
import { DescribeProducers } from '../../protocol/messages/describe-producers.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Heartbeat } from '../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../protocol/messages/leave-group.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { OffsetDelete } from '../../protocol/messages/offset-delete.ts'
import { OffsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { OffsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { SyncGroup } from '../../protocol/messages/sync-group.ts'
import type { Api } from '../../protocol/schema.ts'
import { batchOf } from '../broker/batch-of.ts'

export interface Step {
  readonly name: string
  readonly api: Api<any, any>
  readonly version: number
  /** Of followers too; otherwise their answers are another matter. */
  readonly asksFollowers: boolean
  /** `epoch` is the leader's of the partition, `id` the topic's. */
  readonly request: (epoch: number, id: string) => object
}

const step = (
  api: Api<any, any>,
  version: number,
  what: string,
  request: Step['request'],
): Step => ({
  name: `${api.name} ${version}: ${what}`,
  api,
  version,
  request,
  // Kafka's serve consumers of any rack from version 11 on, ours those that name one.
  asksFollowers: api !== Fetch || version < 11 || /rack/.test(what),
})

const produce = (acks: number, records: string[], more: object = {}) => ({
  transactionalId: null,
  acks,
  timeoutMs: 10_000,
  topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(records) }], ...more }],
})

const read = (partition: object, rest: object = {}, topic: object = { topic: 't' }) => ({
  replicaId: -1,
  maxWaitMs: 0,
  minBytes: 0,
  maxBytes: 1_000_000,
  isolationLevel: 0,
  topics: [
    { ...topic, partitions: [{ partition: 0, partitionMaxBytes: 1_000_000, ...partition }] },
  ],
  forgottenTopicsData: [],
  ...rest,
})

const rack = { rackId: 'elsewhere' }

const list = (timestamp: number, currentLeaderEpoch = -1, isolationLevel = 0) => ({
  replicaId: -1,
  isolationLevel,
  timeoutMs: 5000,
  topics: [{ name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch, timestamp }] }],
})

const ends = (currentLeaderEpoch: number, leaderEpoch: number) => ({
  replicaId: -1,
  topics: [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }],
})

const deletion = (offset: number, name = 't') => ({
  topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
  timeoutMs: 10_000,
})

const idempotent = () =>
  buildBatch({
    producerId: 4711,
    producerEpoch: 2,
    baseSequence: 0,
    records: [{ timestamp: Date.now(), value: Buffer.from('v') }],
  })
const producersOf = { topics: [{ name: 't', partitionIndexes: [0, 9] }] }

/** In their order at one broker after the other. */
export const ofLeaders: readonly Step[] = [
  step(Produce, 3, 'acks=all', () => produce(-1, ['a', 'b', 'c'])),
  step(Produce, 9, 'acks=1', () => produce(1, ['d'])),
  step(Produce, 11, 'acks=all', () => produce(-1, ['e'])),
  step(Produce, 13, 'by id', (_, topicId) => produce(-1, ['f'], { topicId })),
  step(Fetch, 4, 'from the start', () => read({ fetchOffset: 0 })),
  step(Fetch, 11, 'of a rack', () => read({ fetchOffset: 0 }, rack)),
  step(Fetch, 12, 'of a rack, behind the end', () => read({ fetchOffset: 99 }, rack)),
  step(Fetch, 12, 'of a rack, in the epoch', (currentLeaderEpoch) =>
    read({ fetchOffset: 0, currentLeaderEpoch }, rack),
  ),
  step(Fetch, 12, 'of a rack, in a later epoch', (epoch) =>
    read({ fetchOffset: 0, currentLeaderEpoch: epoch + 1 }, rack),
  ),
  step(Fetch, 17, 'of a rack, by id', (_, topicId) => read({ fetchOffset: 1 }, rack, { topicId })),
  step(Fetch, 12, 'in the epoch', (currentLeaderEpoch) =>
    read({ fetchOffset: 0, currentLeaderEpoch }),
  ),
  step(Fetch, 12, 'in an older epoch', (epoch) =>
    read({ fetchOffset: 0, currentLeaderEpoch: epoch - 1 }),
  ),
  step(Fetch, 12, 'in a later epoch', (epoch) =>
    read({ fetchOffset: 0, currentLeaderEpoch: epoch + 1 }),
  ),
  step(Fetch, 12, 'of an epoch that ended', (epoch) =>
    read({ fetchOffset: 3, currentLeaderEpoch: epoch, lastFetchedEpoch: epoch }),
  ),
  step(Fetch, 12, 'behind the end', () => read({ fetchOffset: 99 })),
  step(Fetch, 17, 'by id', (_, topicId) => read({ fetchOffset: 1 }, {}, { topicId })),
  step(ListOffsets, 1, 'the end', () => list(-1)),
  step(ListOffsets, 7, 'the start', () => list(-2)),
  step(ListOffsets, 7, 'the largest timestamp', () => list(-3)),
  step(ListOffsets, 7, 'what is committed', (epoch) => list(-1, epoch, 1)),
  step(ListOffsets, 7, 'in an older epoch', (epoch) => list(-1, epoch - 1)),
  step(ListOffsets, 7, 'in a later epoch', (epoch) => list(-1, epoch + 1)),
  step(OffsetForLeaderEpoch, 3, 'of the epoch', (epoch) => ends(-1, epoch)),
  step(OffsetForLeaderEpoch, 4, 'of a later one', (epoch) => ends(epoch, epoch + 1)),
  step(OffsetForLeaderEpoch, 4, 'in a later one', (epoch) => ends(epoch + 1, epoch)),
  step(OffsetForLeaderEpoch, 4, 'in an older one', (epoch) => ends(epoch - 1, epoch)),
  step(DeleteRecords, 0, 'before 1', () => deletion(1)),
  step(DeleteRecords, 2, 'behind the end', () => deletion(99)),
  step(DeleteRecords, 2, 'all', () => deletion(-1)),
  step(DeleteRecords, 2, 'of nowhere', () => deletion(0, 'nowhere')),
  step(Fetch, 12, 'before the start', () => read({ fetchOffset: 0 })),
  step(ListOffsets, 7, 'the new start', () => list(-2)),
  step(DescribeProducers, 0, 'none', () => producersOf),
  step(Produce, 9, 'of a producer', () => ({
    ...produce(-1, []),
    topicData: [{ name: 't', partitionData: [{ index: 0, records: idempotent() }] }],
  })),
  step(DescribeProducers, 0, 'one', () => producersOf),
]

const group = { groupId: 'g', memberId: 'm' }
const topics = [{ name: 't', partitionIndexes: [0] }]
const committed = {
  name: 't',
  partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }],
}

/** For a broker that is not the coordinator of the group. */
export const ofCoordinators: readonly Step[] = [
  step(JoinGroup, 9, 'elsewhere', () => ({
    ...group,
    memberId: '',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  })),
  step(SyncGroup, 5, 'elsewhere', () => ({ ...group, generationId: 1, assignments: [] })),
  step(Heartbeat, 4, 'elsewhere', () => ({ ...group, generationId: 1 })),
  step(LeaveGroup, 5, 'elsewhere', () => ({ groupId: 'g', members: [{ memberId: 'm' }] })),
  step(OffsetCommit, 8, 'elsewhere', () => ({ ...group, topics: [committed] })),
  step(OffsetFetch, 5, 'elsewhere', () => ({ groupId: 'g', topics })),
  step(OffsetFetch, 9, 'elsewhere', () => ({ groups: [{ groupId: 'g', topics }] })),
  step(OffsetDelete, 0, 'elsewhere', () => ({
    groupId: 'g',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0 }] }],
  })),
  step(DescribeGroups, 5, 'elsewhere', () => ({
    groups: ['g'],
    includeAuthorizedOperations: false,
  })),
  step(DeleteGroups, 2, 'elsewhere', () => ({ groupsNames: ['g'] })),
  step(ConsumerGroupHeartbeat, 1, 'elsewhere', () => ({
    ...group,
    memberEpoch: 0,
    rebalanceTimeoutMs: 10_000,
    subscribedTopicNames: ['t'],
    topicPartitions: [],
  })),
  step(ConsumerGroupDescribe, 1, 'elsewhere', () => ({
    groupIds: ['g'],
    includeAuthorizedOperations: false,
  })),
]
