/** Requests that name thousands of things: they are answered, or refused, and hold nobody else up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { DescribeUserScramCredentials } from '../../protocol/messages/describe-user-scram-credentials.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { FindCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { elementsMaxOfPartitions, elementsMaxUsual } from '../../src/broker/handler.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startNode } from '../../src/index.ts'
import { RawClient } from './raw-client.ts'
import { startTestNode, type TestNode } from './test-node.ts'

let node: TestNode
let client: RawClient

beforeAll(async () => {
  node = await startTestNode()
  client = await RawClient.connect(node.port)
})
afterAll(async () => {
  client.destroy()
  await node.stop()
})

const named = (count: number) => Array.from({ length: count }, (_, i) => `none-${i}`)
const deletion = (count: number) => ({ topicNames: named(count), timeoutMs: 5000 })

test('as many names as a request may have are answered, one more ends the connection', async () => {
  const { responses } = await client.ask(DeleteTopics, 5, deletion(elementsMaxUsual))
  expect(responses.filter(({ errorCode }) => errorCode === 3)).toHaveLength(elementsMaxUsual)
  const other = await RawClient.connect(node.port)
  other.send(other.encode(DeleteTopics, 5, deletion(elementsMaxUsual + 1)))
  expect(await other.frame()).toBeUndefined()
})

test('requests for partitions may name more', async () => {
  const topics = named(elementsMaxOfPartitions).map((name) => ({ name }))
  const request = { topics, allowAutoTopicCreation: false }
  const answer = await client.ask(Metadata, 9, request)
  expect(answer.topics).toHaveLength(elementsMaxOfPartitions)
})

test('thousands of resources and users are each answered', async () => {
  const configs = [{ name: 'retention.ms', configOperation: 0, value: '1' }]
  const resources = named(elementsMaxUsual / 2).map((resourceName) => ({
    resourceType: 2,
    resourceName,
    configs,
  }))
  const altered = await client.ask(IncrementalAlterConfigs, 1, { resources, validateOnly: true })
  expect(altered.responses.every(({ errorCode }) => errorCode === 3)).toBe(true)
  const users = named(elementsMaxUsual).map((name) => ({ name }))
  const described = await client.ask(DescribeUserScramCredentials, 0, { users })
  expect(described.results.every(({ errorCode }) => errorCode === 91)).toBe(true)
})

test('a topic asked for by its id a thousand times is told once', async () => {
  await client.ask(Metadata, 12, { topics: [{ name: 'one' }] })
  const [known] = (await client.ask(Metadata, 12, { topics: [{ name: 'one' }] })).topics
  const topics = named(1000).map(() => ({ topicId: known!.topicId, name: null }))
  expect((await client.ask(Metadata, 12, { topics })).topics).toHaveLength(1)
})

test('an answer of DescribeConfigs has an end, however often a resource is named', async () => {
  const resources = named(elementsMaxUsual).map(() => ({
    resourceType: 4,
    resourceName: '1',
    configurationKeys: null,
  }))
  const { results } = await client.ask(DescribeConfigs, 1, { resources, includeSynonyms: false })
  const refused = results.filter(({ errorCode }) => errorCode === 42)
  expect(results).toHaveLength(elementsMaxUsual)
  expect(refused.length).toBeGreaterThan(elementsMaxUsual * 0.95)
  expect(results[0]?.configs.length).toBeGreaterThan(300)
  expect(node.node.broker!.traffic.describedValues.refused).toBe(refused.length)
})

test('while a fetch of 90,000 partitions is looked at, others are answered', async () => {
  const partitions = named(90_000).map((_, partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1000,
  }))
  const order: string[] = []
  const other = await RawClient.connect(node.port)
  const fetched = client
    .ask(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 'none', partitions }],
      forgottenTopicsData: [],
    })
    .then(({ responses }) => {
      order.push('fetch')
      return responses[0]?.partitions
    })
  // More than the fetch has turns: they are asked one after the other, each in a turn of its own.
  for (let i = 0; i < 5; i++) {
    await other.ask(ApiVersions, 0, {})
    order.push('other')
  }
  expect(await fetched).toHaveLength(90_000)
  expect(order.filter((who) => who === 'other').length).toBe(5)
  expect(order.indexOf('fetch')).toBeGreaterThan(2)
  other.destroy()
})

test('thousands who ask for a coordinator make its topic once', async () => {
  const lines: string[] = []
  const directory = mkdtempSync(join(tmpdir(), 'ottla-'))
  const env = nodeEnv({ level: 'warn', write: (line) => lines.push(line) })
  const fresh = await startNode({ 'log.dirs': directory }, env)
  const asking = await RawClient.connect(fresh.advertised[0]?.port ?? 0)
  const coordinatorKeys = named(elementsMaxUsual)
  const found = await asking.ask(FindCoordinator, 4, { keyType: 0, coordinatorKeys })
  const good = found.coordinators.filter(({ errorCode, nodeId }) => errorCode === 0 && nodeId === 1)
  expect([good.length, lines]).toEqual([elementsMaxUsual, []])
  asking.destroy()
  await fresh.stop()
  rmSync(directory, { recursive: true, force: true })
})
