/** How a producer finds the new leader when the old one is gone and the other brokers do not know yet. */
import { expect, onTestFinished, test } from 'vitest'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { oneTopic, produced, producerId, ScriptedBroker } from './scripted-broker.ts'

const retryBackoffMs = 160

test('brokers that still name a leader that is gone are asked again after short pauses', async () => {
  const old = await ScriptedBroker.start(1, (api) => {
    if (api === InitProducerId) return producerId
    if (api === Metadata) return oneTopic([old, next], 1)
    setImmediate(() => old.end())
    return undefined
  })
  let stale = 3
  const next = await ScriptedBroker.start(2, (api) => {
    if (api === InitProducerId) return producerId
    if (api !== Metadata) return produced(5)
    return stale-- > 0 ? oneTopic([old, next], 1) : oneTopic([old, next], 2, 1)
  })
  const env = nodeEnv({ level: 'silent' })
  const pausesMs: number[] = []
  const after: typeof env.timers.after = (delayMs, run) => {
    pausesMs.push(delayMs)
    return env.timers.after(delayMs, run)
  }
  const bootstrap = [old, next].map(({ port }) => ({ host: '127.0.0.1', port }))
  const timers = { ...env.timers, after }
  const cluster = new Cluster({ ...env, timers }, { bootstrap, retryBackoffMs })
  onTestFinished(() => cluster.close())
  const producer = new Producer(cluster, { lingerMs: 0 })
  const { offset } = await producer.send({ topic: 'topic', value: 'a' })
  const short = pausesMs.filter((delayMs) => [10, 20, 40].includes(delayMs))
  expect([offset, next.asked.filter((name) => name === 'Metadata').length]).toEqual([5, 4])
  expect(short.slice(0, 3)).toEqual([10, 20, 40])
})

test('a broker that could not be reached is connected to at once when it is told to lead', async () => {
  const back = await ScriptedBroker.start(1, () => oneTopic([back], 1))
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: back.port }],
    // Longer than the test may take.
    retryBackoffMs: 600_000,
    retryBackoffMsMax: 600_000,
  })
  onTestFinished(() => cluster.close())
  // Not known yet: that counts as a failure to reach it.
  await expect(cluster.connection(1)).rejects.toThrow('is not known')
  await cluster.topic('topic')
  const waiting = cluster.connection(1)
  cluster.expect(1)
  expect((await waiting).nodeId).toBe(1)
})
