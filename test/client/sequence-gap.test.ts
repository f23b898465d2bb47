/** A batch that is given up leaves a gap in the sequences of its partition, and of no other (KIP-360). */
import { expect, onTestFinished, test } from 'vitest'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { baseSequenceOf, producerEpochOf, producerIdOf } from '../../protocol/record-batch.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { oneTopic, ScriptedBroker } from './scripted-broker.ts'

const timedOut = 7
const invalidRecord = 87

test('records that may be written already keep their sequence when another partition has a gap', async () => {
  /** What was asked to be written: partition, producer epoch, first sequence. */
  const batches: [partition: number, epoch: number, sequence: number][] = []
  const answers = new Map([
    [0, [invalidRecord]],
    [1, [timedOut]],
  ])
  let epoch = 0
  const broker = await ScriptedBroker.start(1, (api, request) => {
    if (api === Metadata) return twoPartitions([broker])
    if (api === InitProducerId)
      return { errorCode: 0, producerId: 7, producerEpoch: epoch++, throttleTimeMs: 0 }
    const responses = request.topicData.map(({ name, partitionData }: any) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }: any) => {
        expect(producerIdOf(records, 0)).toBe(7)
        batches.push([index, producerEpochOf(records, 0), baseSequenceOf(records, 0)])
        const errorCode = answers.get(index)?.shift() ?? 0
        return { index, errorCode, baseOffset: 0, logAppendTimeMs: -1 }
      }),
    }))
    return { responses }
  })
  const bootstrap = [{ host: '127.0.0.1', port: broker.port }]
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap, retryBackoffMs: 10 })
  onTestFinished(() => cluster.close())
  const producer = new Producer(cluster, { lingerMs: 0 })
  const refused = producer.send({ topic: 'topic', partition: 0, value: 'a' })
  const unsure = producer.send({ topic: 'topic', partition: 1, value: 'b' })
  await expect(refused).rejects.toMatchObject({ code: invalidRecord })
  const behind = producer.send({ topic: 'topic', partition: 0, value: 'c' })
  await Promise.all([unsure, behind])
  const of = (wanted: number) => batches.filter(([partition]) => partition === wanted)
  expect(of(0)).toEqual([
    [0, 0, 0],
    [0, 1, 0],
  ])
  // Sent again as what it was: with another epoch it would be stored a second time.
  expect(of(1)).toEqual([
    [1, 0, 0],
    [1, 0, 0],
  ])
})

function twoPartitions(brokers: readonly ScriptedBroker[]) {
  const metadata = oneTopic(brokers, 1)
  const [topic] = metadata.topics
  const [first] = topic!.partitions
  return {
    ...metadata,
    topics: [{ ...topic, partitions: [first, { ...first, partitionIndex: 1 }] }],
  }
}
