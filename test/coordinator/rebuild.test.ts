/** What is made of surveyed directories, and what is refused. */
import { expect, test } from 'vitest'
import { rebuild } from '../../src/coordinator/rebuild.ts'
import { ClusterImage } from '../../src/core/cluster/image.ts'
import type { SurveyedDirectory, SurveyedLog } from '../../src/log/survey.ts'

const topicId = 'orders'.padEnd(22, 'A')
const features = { 'metadata.version': 30 }

function log(partition: number, lastEpoch: number, endOffset: number, more = {}): SurveyedLog {
  const path = `orders-${partition}`
  const place = { path, topic: 'orders', partition, topicId }
  return {
    ...place,
    leaderEpoch: lastEpoch,
    endOffset,
    epochMax: lastEpoch,
    producerIdMax: -1,
    ...more,
  }
}

function broker(nodeId: number, logs: SurveyedLog[], more = {}): SurveyedDirectory {
  const own = { path: `broker-${nodeId}`, directoryId: `directory-${nodeId}`.padEnd(22, 'A') }
  return { ...own, clusterId: 'one', nodeId, brokerEpoch: nodeId * 10, logs, ...more }
}

const imageOf = (directories: SurveyedDirectory[], more = {}) =>
  ClusterImage.from(rebuild(directories, { features, ...more }).records)

test('the longest logs are in sync: the latest epoch first, then the most records', () => {
  const image = imageOf([
    broker(1, [log(0, 2, 9), log(1, 1, 50), log(2, -1, 0)]),
    broker(2, [log(0, 2, 9), log(1, 3, 20), log(2, -1, 0)]),
    broker(3, [log(0, 2, 8), log(1, 3, 19), log(2, -1, 0)]),
  ])
  const partitions = image.topic('orders')!.partitions
  expect(partitions.map(({ isr, replicas, leader }) => [isr, replicas, leader])).toEqual([
    [[1, 2], [1, 2, 3], -1],
    [[2], [2, 1, 3], -1],
    [[3, 1, 2], [3, 1, 2], -1],
  ])
})

test('all epochs and producer ids begin above any that was found', () => {
  const image = imageOf([
    broker(1, [log(0, 2, 9, { epochMax: 7 })]),
    broker(2, [log(0, 2, 9, { producerIdMax: 4999 })]),
  ])
  const { leaderEpoch } = image.topic('orders')!.partitions[0]!
  expect([
    leaderEpoch > 7,
    image.lastBrokerEpoch > 20,
    image.nextProducerId > 4999,
    image.rebuiltEpoch,
  ]).toEqual([true, true, true, image.lastBrokerEpoch])
  expect([image.clusterId, image.topic('orders')!.topicId, image.features.size]).toEqual([
    'one',
    topicId,
    1,
  ])
})

test('offsets stay compacted, and nothing of other topics is removed', () => {
  const offsets = { topic: '__consumer_offsets' }
  const image = imageOf([broker(1, [log(0, 0, 1), log(0, 0, 1, { ...offsets })])])
  expect([...image.configs(2, '__consumer_offsets')]).toContainEqual(['cleanup.policy', 'compact'])
  expect([...image.configs(2, 'orders')]).toEqual([
    ['retention.ms', '-1'],
    ['retention.bytes', '-1'],
  ])
})

test('directories that do not make one cluster are refused', () => {
  const reason = (directories: SurveyedDirectory[]) => {
    try {
      imageOf(directories)
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }
  const one = broker(1, [log(0, 0, 1)])
  const other = { topicId: 'recreated'.padEnd(22, 'A') }
  expect({
    nothing: reason([]),
    twoClusters: reason([one, broker(2, [], { clusterId: 'two' })]),
    aCopy: reason([one, { ...one, path: 'copy' }]),
    twice: reason([one, broker(1, [log(0, 0, 1)], { directoryId: 'b'.repeat(22) })]),
    recreated: reason([one, broker(2, [log(0, 0, 1, other)])]),
    aHole: reason([one, broker(2, [log(2, 0, 1)])]),
  }).toEqual({
    nothing: 'No data directory of a broker is given',
    twoClusters: 'broker-1 belongs to cluster one, broker-2 to two',
    aCopy: 'broker-1 and copy are the same directory, or copies of it',
    twice: 'Broker 1 has orders-0 in another directory too',
    recreated: expect.stringMatching(
      /^orders-0 is of the topic with the id ordersA.*one of them was/,
    ),
    aHole: expect.stringMatching(/^Of orders there are partitions up to 2, but no replica of 1:/),
  })
})

test('lost partitions are made anew only when that is accepted', () => {
  const image = imageOf([broker(1, [log(0, 4, 1)]), broker(2, [log(2, 0, 1)])], {
    acceptLost: true,
  })
  const { replicas, isr, leaderEpoch } = image.topic('orders')!.partitions[1]!
  expect([replicas, isr, leaderEpoch > 4]).toEqual([[1, 2], [1, 2], true])
})
