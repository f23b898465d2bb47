/**
 * What a client decides the length of is gone through once. Each of these lists was compared with
 * itself, name by name: a request of two megabytes kept the coordinator busy for minutes.
 */
import { expect, test } from 'vitest'
import { AlterConfigs } from '../../../protocol/messages/alter-configs.ts'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { circumstances, cluster, createTopic, run, uuidOf } from './build.ts'

const count = 200_000
const names = Array.from({ length: count }, (_, i) => `topic-${i}`)
const twice = [...names, ...names]

/** How often each error code was answered. */
function answered(api: { key: number }, apiVersion: number, request: object): object {
  const machine = cluster(1)
  const command = { kind: 'kafka' as const, apiKey: api.key, apiVersion, request, circumstances }
  const { topics, results, responses } = run(machine, command) as Record<string, any>
  const codes: Record<number, number> = {}
  for (const { errorCode } of topics ?? results ?? responses)
    codes[errorCode] = (codes[errorCode] ?? 0) + 1
  return codes
}

const [NOT_THERE, INVALID_REQUEST, POLICY_VIOLATION] = [3, 42, 44]

test('topics to delete', () => {
  expect(answered(DeleteTopics, 5, { topicNames: names })).toEqual({ [NOT_THERE]: count })
  expect(answered(DeleteTopics, 5, { topicNames: twice })).toEqual({ [INVALID_REQUEST]: count })
})

test('topics to create', () => {
  const topic = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const topics = (asked: string[]) => asked.map((name) => ({ name, ...topic }))
  const rest = { timeoutMs: 1000, validateOnly: true }
  expect(answered(CreateTopics, 7, { topics: topics(names), ...rest })).toEqual({
    [POLICY_VIOLATION]: count,
  })
  expect(answered(CreateTopics, 7, { topics: topics(twice), ...rest })).toEqual({
    [INVALID_REQUEST]: count,
  })
})

test('configurations of topics to create, once for all that have the same', () => {
  const machine = cluster(1)
  const topics = Array.from({ length: 6000 }, (_, i) => ({
    name: `topic-${i}`,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [{ name: 'flush.ms', value: String(i % 3) }],
  }))
  const request = { topics, timeoutMs: 1000, validateOnly: true }
  const { key: apiKey } = CreateTopics
  const topicIds = topics.map(({ name }) => uuidOf(name))
  const asked = { ...circumstances, topicIds }
  const command = { kind: 'kafka' as const, apiKey, apiVersion: 7, request, circumstances: asked }
  const { topics: made } = run(machine, command) as { topics: { configs: { value: string }[] }[] }
  expect(made.map(({ configs }) => configs[0]?.value)).toEqual(topics.map((_, i) => `${i % 3}`))
  expect(new Set(made.map(({ configs }) => configs)).size).toBe(3)
})

test('topics to enlarge', () => {
  const topics = (asked: string[]) => asked.map((name) => ({ name, count: 2, assignments: null }))
  const rest = { timeoutMs: 1000, validateOnly: true }
  expect(answered(CreatePartitions, 3, { topics: topics(names), ...rest })).toEqual({
    [NOT_THERE]: count,
  })
  expect(answered(CreatePartitions, 3, { topics: topics(twice), ...rest })).toEqual({
    [INVALID_REQUEST]: count,
  })
})

test('resources to alter', () => {
  const resources = twice.map((resourceName) => ({ resourceType: 2, resourceName, configs: [] }))
  for (const api of [AlterConfigs, IncrementalAlterConfigs])
    expect(answered(api, 1, { resources, validateOnly: true })).toEqual({
      [INVALID_REQUEST]: 2 * count,
    })
})

test('items of a list to append and subtract', () => {
  const machine = cluster(1)
  run(machine, createTopic('orders', [[1]]))
  const change = (configOperation: number, value: string) => {
    const configs = [{ name: 'cleanup.policy', configOperation, value }]
    const resources = [{ resourceType: 2, resourceName: 'orders', configs }]
    const request = { resources, validateOnly: false }
    const apiKey = IncrementalAlterConfigs.key
    return run(machine, { kind: 'kafka', apiKey, apiVersion: 1, request, circumstances })
  }
  const items = names
  const inForce = () => machine.image.configs(2, 'orders').get('cleanup.policy')
  change(0, items.join(','))
  change(2, items.join(','))
  expect(inForce()?.split(',')).toHaveLength(count)
  change(3, items.slice(1).join(','))
  expect(inForce()?.length).toBe('topic-0'.length)
})

test('a request makes ten thousand partitions at most, of however many topics', () => {
  const machine = cluster(1)
  for (const name of ['one', 'two']) {
    const topicIds = [uuidOf(name)]
    run(machine, { ...createTopic(name, [[1]]), circumstances: { ...circumstances, topicIds } })
  }
  const grow = (counts: Record<string, number>) => {
    const topics = Object.entries(counts).map(([name, more]) => ({
      ...{ name, count: more + 1, assignments: null },
    }))
    const request = { topics, timeoutMs: 0, validateOnly: true }
    const { key: apiKey } = CreatePartitions
    const command = { kind: 'kafka' as const, apiKey, apiVersion: 3, request, circumstances }
    const { results } = run(machine, command as never) as Record<string, any>
    return results.map(({ errorCode }: { errorCode: number }) => errorCode)
  }
  expect(grow({ one: 9000, two: 1000 })).toEqual([0, 0])
  expect(grow({ one: 9000, two: 1001 })).toEqual([POLICY_VIOLATION, POLICY_VIOLATION])
  expect(grow({ one: 2 ** 30, two: 2 ** 30, none: 2 ** 30 })).toEqual(
    Array(3).fill(POLICY_VIOLATION),
  )
})
