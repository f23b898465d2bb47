/** `num.replica.fetchers` of a broker that runs: partitions are spread over as many fetchers, and go on being copied. */
import { expect, onTestFinished, test } from 'vitest'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { Producer } from '../../src/client/producer.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

test('another number of fetchers counts at once, and everything is copied as before', async () => {
  const at = await EmbeddedCluster.start(2, { 'min.insync.replicas': 1 })
  onTestFinished(() => at.stop())
  await at.createTopic('orders', Array(16).fill([1, 2]))
  const { replication, logs } = at.broker(2).broker!
  await at.until('a fetcher', () => replication.fetchers === 1)
  await at.withClient(async (client) => {
    const set = async (value: string | null) => {
      const operation = value === null ? 'delete' : 'set'
      const change = { name: 'num.replica.fetchers', value, operation } as const
      const { error } = await alterConfigs(client, { type: 'broker', name: '' }, [change])
      expect(error).toBe(undefined)
    }
    const producer = new Producer(client, {})
    const produce = async (expected: number) => {
      const sent = []
      for (let partition = 0; partition < 16; partition++)
        sent.push(producer.send({ topic: 'orders', partition, value: Buffer.from('a') }))
      await Promise.all(sent)
      const isCopied = (partition: number) =>
        logs.get('orders', partition)?.logEndOffset === expected
      await at.until('copies', () => [...Array(16).keys()].every(isCopied))
    }
    await produce(1)
    await set('2')
    await at.until('two fetchers', () => replication.fetchers === 2)
    await produce(2)
    await set(null)
    await at.until('one fetcher', () => replication.fetchers === 1)
    await produce(3)
    await producer.close()
  })
})
