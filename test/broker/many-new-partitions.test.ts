/** Topics of very many partitions: their logs are made in pieces, so that leases are renewed and others served meanwhile. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ErrorCode } from '../../protocol/errors.ts'
import { createTopics, deleteTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startTestNode } from './test-node.ts'

const partitions = 400
/** All of them take longer than what is made at once. */
const logMs = 3

async function slowNode() {
  const at = await startTestNode()
  const broker = at.node.broker!
  const client = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: at.port }],
  })
  const { logs } = broker
  const create = logs.create.bind(logs)
  /** In which turn of the loop each log was made. */
  const turns: number[] = []
  let turn = 0
  const count = () => {
    turn++
    if (turns.length < partitions) setImmediate(count)
  }
  count()
  logs.create = (...args) => {
    const endMs = performance.now() + logMs
    while (performance.now() < endMs);
    turns.push(turn)
    return create(...args)
  }
  const all = () => broker.partitions.all().filter(({ topic }) => topic === 'many')
  const settled = async (count: number) => {
    while (turns.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { at, broker, client, turns, all, settled }
}

test('others have their turn while the logs of a large topic are made, and each is served in the end', async () => {
  const { at, broker, client, turns, all, settled } = await slowNode()
  await createTopics(client, [{ name: 'many', partitions }])
  expect(turns.length).toBeLessThan(partitions)
  expect(broker.partitions.find('many', partitions - 1)).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  const producer = new Producer(client, { acks: -1, lingerMs: 0 })
  const { offset } = await producer.send({ topic: 'many', partition: partitions - 1, value: 'v' })
  expect(offset).toBe(0)
  await settled(partitions)
  expect(new Set(turns).size).toBeGreaterThan(10)
  expect(all().map(({ role, log }) => [role, log !== undefined])).toEqual(
    Array.from({ length: partitions }, () => ['leader', true]),
  )
  client.close()
  await at.stop()
})

test('a large topic that is deleted while its logs are made leaves none behind', async () => {
  const { at, broker, client, all } = await slowNode()
  await createTopics(client, [{ name: 'many', partitions }])
  await deleteTopics(client, ['many'])
  await createTopics(client, [{ name: 'few', partitions: 1 }])
  const producer = new Producer(client, { acks: -1, lingerMs: 0 })
  await producer.send({ topic: 'few', partition: 0, value: 'v' })
  expect(all()).toEqual([])
  expect(broker.partitions.find('many', 0)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  client.close()
  await at.node.stop()
  expect(readdirSync(at.directory).filter((name) => /^many-\d+$/.test(name))).toEqual([])
  await at.stop()
})
