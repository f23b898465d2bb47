/** A consumer that subscribes while nobody answers asks again, until its time is over. */
import { expect, onTestFinished, test } from 'vitest'
import { Cluster } from '../../src/client/cluster.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { oneTopic, ScriptedBroker } from './scripted-broker.ts'

function consumerOf(broker: ScriptedBroker, operationTimeoutMs: number): Consumer {
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: broker.port }],
    retryBackoffMs: 10,
    operationTimeoutMs,
  })
  const consumer = new Consumer(cluster, { group: { groupId: 'g' } })
  onTestFinished(async () => {
    cluster.close()
    await consumer.close().catch(() => {})
  })
  return consumer
}

test('a cluster that is away when a consumer subscribes is asked again', async () => {
  let asked = 0
  const broker = await ScriptedBroker.start(1, (api) => {
    if (api.name !== 'Metadata') return undefined
    asked++
    // Also the second connection, by which the first request of a client is asked again.
    if (asked <= 4) broker.breakAll()
    return asked <= 4 ? undefined : oneTopic([broker], 1)
  })
  const consumer = consumerOf(broker, 20_000)
  await consumer.subscribe(['topic'])
  expect(asked).toBe(5)
  expect(consumer.cluster.metadata.topics.has('topic')).toBe(true)
})

test('… and told so when its time is over', async () => {
  const broker = await ScriptedBroker.start(1, () => undefined)
  broker.end()
  await expect(consumerOf(broker, 100).subscribe(['topic'])).rejects.toMatchObject({
    name: 'TRANSPORT',
  })
})
