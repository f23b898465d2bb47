/**
 * Where another answer than Kafka's recorded one is right: Ottla's on purpose, or Kafka's own at
 * another moment. By the name of the case; `expected` turns the recorded answer into the right one.
 */
export interface Difference {
  readonly because: string
  /** Also what Kafka itself answers, at another moment: the recorded answer is right, too. */
  readonly either?: true
  expected(recorded: any): unknown
}

const errorCode =
  (code: number): Difference['expected'] =>
  (recorded) => ({ ...recorded, errorCode: code })

/** The only partition of the only topic of a ListOffsets or a Fetch. */
const inPartition =
  (topics: string, partitions: string, fields: object): Difference['expected'] =>
  (recorded) => ({
    ...recorded,
    [topics]: recorded[topics].map((topic: any) => ({
      ...topic,
      [partitions]: topic[partitions].map((partition: any) => ({ ...partition, ...fields })),
    })),
  })

export const differences: Record<string, Difference> = {
  'FindCoordinator v4 while __consumer_offsets does not exist': {
    because: 'the topic is made and led before the answer, so that the client need not ask again',
    expected: (recorded) => ({
      ...recorded,
      coordinators: recorded.coordinators.map((one: object) => ({
        ...one,
        ...{ errorCode: 0, nodeId: 1 },
      })),
    }),
  },
  'IncrementalAlterConfigs, operation 9': {
    because: 'an operation that does not exist is an invalid request, not an unknown server error',
    expected: (recorded) => ({
      ...recorded,
      responses: recorded.responses.map((response: any) => ({ ...response, errorCode: 42 })),
    }),
  },
  'DescribeQuorum v2': {
    because: 'a coordinator within a broker is reached at the listener of the broker',
    either: true,
    expected: (recorded) => ({
      ...recorded,
      nodes: recorded.nodes.map((node: any) => ({
        ...node,
        listeners: node.listeners.map((listener: any) => ({ ...listener, name: 'PLAINTEXT' })),
      })),
    }),
  },
  'InitProducerId v5, the first since the broker started: no block of ids yet': {
    because: 'the ids are there when the broker is',
    expected: (recorded) => ({ ...recorded, errorCode: 0, producerId: 0, producerEpoch: 0 }),
  },
  'Fetch, isolation level 7': {
    because: 'a level that does not exist is an invalid request, not an unknown server error',
    expected: (recorded) => ({
      ...(inPartition('responses', 'partitions', { errorCode: 42 })(recorded) as object),
      errorCode: 42,
    }),
  },
  'Metadata v12, zero id and null name': {
    because: 'a topic without id and name is an invalid request, as in the versions before',
    expected: (recorded) => ({
      ...recorded,
      topics: recorded.topics.map((topic: object) => ({ ...topic, errorCode: 42 })),
    }),
  },
  'Produce of null records': {
    because: 'Kafka neither answers nor closes: the error comes up in its own error handler',
    expected: () => ({
      throttleTimeMs: 'free',
      nodeEndpoints: [],
      responses: [
        {
          name: 'one',
          topicId: 'A'.repeat(22),
          partitionResponses: [
            {
              index: 0,
              errorCode: 87,
              errorMessage: 'free',
              baseOffset: -1,
              logAppendTimeMs: 'free',
              logStartOffset: -1,
              recordErrors: [],
              currentLeader: { leaderId: -1, leaderEpoch: -1 },
            },
          ],
        },
      ],
    }),
  },
  'Fetch of two partitions, partition maxBytes 100: cut in the second batch': {
    because: 'whole batches alone: a part of one is of no use to the client',
    expected: (recorded) => ({
      ...recorded,
      responses: recorded.responses.map((topic: any) => ({
        ...topic,
        partitions: topic.partitions.map((partition: any) => ({
          ...partition,
          records: partition.records.filter((batch: object) => !('partOfABatchBytes' in batch)),
        })),
      })),
    }),
  },
  'ListOffsets -3 when all is deleted': {
    because: 'Kafka gives an offset below the log start, of a record that is gone',
    expected: inPartition('topics', 'partitions', { offset: -1, timestamp: -1, leaderEpoch: -1 }),
  },
  'DescribeConfigs of broker loggers, one': {
    because: 'an embedded broker of the tests logs from WARN on',
    either: true,
    expected: (recorded) => ({
      ...recorded,
      results: recorded.results.map((result: any) => ({
        ...result,
        configs: result.configs.map((config: object) => ({ ...config, value: 'WARN' })),
      })),
    }),
  },
  'EndTxn v4 abort again': {
    because: 'the first abort was still under way in the recorded run',
    either: true,
    expected: errorCode(0),
  },
  'EndTxn v4 commit after abort': {
    because: 'the abort was still under way in the recorded run',
    either: true,
    expected: errorCode(48),
  },
}

/** Cases that need more than their own API: what stands here must be advertised, too. */
export const needs: readonly { from: string; to?: string; apis: readonly string[] }[] = [
  {
    from: 'FindCoordinator v4 while __consumer_offsets does not exist',
    to: 'FindCoordinator v3, key type 5',
    apis: ['JoinGroup'],
  },
  {
    from: 'FindCoordinator v5, key type 2 (share)',
    to: 'FindCoordinator v6, share key that is none',
    apis: ['ShareFetch'],
  },
  // They list the internal topics.
  {
    from: 'Metadata v0, empty array = all topics',
    to: 'Metadata v1, null = all topics',
    apis: ['JoinGroup', 'EndTxn'],
  },
  { from: 'Metadata v13, null = all topics', apis: ['JoinGroup', 'EndTxn'] },
  { from: 'ElectLeaders, all', apis: ['JoinGroup', 'EndTxn', 'ShareFetch'] },
  { from: 'Produce to __consumer_offsets', apis: ['JoinGroup'] },
  { from: 'Produce to __transaction_state', apis: ['EndTxn'] },
  { from: 'DeleteRecords of __consumer_offsets', apis: ['JoinGroup'] },
  {
    from: 'JoinGroup, empty group id',
    to: 'ListGroups v4, state nonsense',
    apis: ['JoinGroup', 'SyncGroup', 'OffsetCommit', 'OffsetFetch'],
  },
  {
    from: 'ConsumerGroupHeartbeat, empty group id',
    to: 'ConsumerGroupHeartbeat, leave',
    apis: ['ConsumerGroupHeartbeat'],
  },
  {
    from: 'InitProducerId, empty transactional id',
    to: 'WriteTxnMarkers, unknown topic',
    apis: ['EndTxn', 'AddPartitionsToTxn'],
  },
  { from: 'OffsetFetch v8 after the topic was deleted and made again', apis: ['EndTxn'] },
]
