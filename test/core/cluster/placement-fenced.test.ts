/** New topics while brokers are away, as Kafka's StripedReplicaPlacer has it. */
import { expect, test } from 'vitest'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { circumstances, cluster, createTopic, register, run, sketch, uuidOf } from './build.ts'

const topicOf = (replicationFactor: number) =>
  createTopic('orders', [], { numPartitions: 2, replicationFactor })

function answered(reply: any): [number, string | null] {
  const [topic] = reply.topics
  return [topic.errorCode, topic.errorMessage]
}

test('brokers that are away take replicas where the others are too few, last and not in sync', () => {
  const machine = cluster(3)
  run(machine, { kind: 'fence', brokerId: 2 })
  expect(answered(run(machine, topicOf(3)))[0]).toBe(0)
  const partitions = machine.image.topic('orders')!.partitions
  expect(partitions.map(({ replicas }) => [replicas.at(-1), [...replicas].sort()])).toEqual([
    [2, [1, 2, 3]],
    [2, [1, 2, 3]],
  ])
  expect(partitions.map(({ isr }) => [...isr].sort())).toEqual([
    [1, 3],
    [1, 3],
  ])
  run(machine, { kind: 'activate', brokerId: 2 })
  expect(sketch(machine)).toMatch(/^leader=[13] epoch=0/)
})

test('they take none while there are enough others', () => {
  const machine = cluster(3)
  run(machine, { kind: 'fence', brokerId: 2 })
  run(machine, topicOf(2))
  const replicas = machine.image.topic('orders')!.partitions.flatMap((each) => each.replicas)
  expect(new Set(replicas)).toEqual(new Set([1, 3]))
})

test('more replicas than registered brokers, or none that is there, are refused', () => {
  const machine = cluster(3)
  expect(answered(run(machine, topicOf(4)))).toEqual([
    38,
    'Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because only 3 broker(s) are registered or some brokers have all their log directories cordoned.',
  ])
  for (const brokerId of [1, 2, 3]) run(machine, { kind: 'fence', brokerId })
  expect(answered(run(machine, topicOf(1)))).toEqual([
    38,
    'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log directories cordoned.',
  ])
  // That nobody is there is said first.
  expect(answered(run(machine, topicOf(4)))[1]).toContain('All brokers are currently fenced')
})

test('a broker that is shutting down takes none, and counts as nobody', () => {
  const machine = cluster(3)
  run(machine, { kind: 'drain', brokerId: 2 })
  expect(answered(run(machine, topicOf(3)))[1]).toContain('because only 2 broker(s) are registered')
  expect(answered(run(machine, topicOf(2)))[0]).toBe(0)
  const replicas = machine.image.topic('orders')!.partitions.flatMap((each) => each.replicas)
  expect(new Set(replicas)).toEqual(new Set([1, 3]))
})

test('a broker whose directories are all cordoned takes none; with one of them free it does', () => {
  const machine = cluster(2)
  const logDirs = [uuidOf('one'), uuidOf('two')]
  const { broker, ...rest } = register(3, 'c')
  run(machine, { ...rest, broker: { ...broker, logDirs } })
  run(machine, { kind: 'activate', brokerId: 3 })
  const cordon = (cordoned: string[]) =>
    run(machine, { kind: 'cordon', brokerId: 3, logDirs: cordoned })
  const refused =
    'because only 2 broker(s) are registered or some brokers have all their log directories cordoned.'
  cordon(logDirs)
  // What became of it otherwise does not change that.
  run(machine, { kind: 'fence', brokerId: 3 })
  run(machine, { kind: 'activate', brokerId: 3 })
  expect(answered(run(machine, topicOf(3)))[1]).toContain(refused)
  cordon(logDirs.slice(1))
  expect(answered(run(machine, topicOf(3)))[0]).toBe(0)
})

test('a topic that grows is told why without what Kafka says of new topics alone', () => {
  const machine = cluster(3)
  run(machine, topicOf(2))
  for (const brokerId of [1, 2, 3]) run(machine, { kind: 'fence', brokerId })
  const topics = [{ name: 'orders', count: 4, assignments: null }]
  const request = { topics, timeoutMs: 0, validateOnly: false }
  const grow = { kind: 'kafka', apiKey: CreatePartitions.key, apiVersion: 3 } as const
  const reply: any = run(machine, { ...grow, request, circumstances } as never)
  expect(reply.results.map((each: any) => [each.errorCode, each.errorMessage])).toEqual([
    [38, 'All brokers are currently fenced, or have all their log directories cordoned.'],
  ])
})
