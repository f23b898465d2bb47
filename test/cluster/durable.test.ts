/** With `flush.messages=1` nothing counts before the disk has it, whoever leads meanwhile (LEASES S10, §4.5). */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { alterReassignments, electLeaders } from '../../src/client/admin/replicas.ts'
import { Producer } from '../../src/client/producer.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'
import { HeldSyncs } from './held-syncs.ts'

vi.setConfig({ testTimeout: 30_000 })

let at: EmbeddedCluster
let syncs: HeldSyncs
beforeEach(async () => {
  at = await EmbeddedCluster.start(2)
})
afterEach(async () => {
  syncs.letAllGo()
  await at.stop()
})

const partitionAt = (broker: number) => at.broker(broker).broker!.partitions.get('orders', 0)!

/** Makes a topic of these replicas, and a record that its leader has written and cannot sync. */
async function unsynced(replicas: number[]): Promise<void> {
  await at.createTopic('orders', [replicas], { 'flush.messages': '1' })
  const partition = partitionAt(replicas[0]!)
  syncs = new HeldSyncs(partition.log!)
  await at.withClient(async (client) => {
    const producer = new Producer(client, { acks: 0, lingerMs: 0 })
    await producer.send({ topic: 'orders', partition: 0, value: 'v' })
    await at.until('it is written', () => partition.log!.logEndOffset === 1)
  })
}

test('a leader that is elected again waits for what it had written before', async () => {
  await unsynced([1])
  const partition = partitionAt(1)
  partition.become({ ...partition.image, leaderEpoch: partition.leaderEpoch + 1 }, 0)
  const ends = () => [partition.acknowledgeableEnd, partition.log!.highWatermark]
  const before = ends()
  syncs.letAllGo()
  await at.until('it is synced', () => partition.acknowledgeableEnd === 1)
  expect([before, ends()]).toEqual([
    [0, 0],
    [1, 1],
  ])
})

test('a sync of an earlier leadership acknowledges nothing that came in the place of its records', async () => {
  await unsynced([1])
  const partition = partitionAt(1)
  const { image } = partition
  const log = partition.log!
  partition.become({ ...image, leader: 2, leaderEpoch: image.leaderEpoch + 1 }, 0)
  log.truncateTo(0)
  partition.become({ ...image, leaderEpoch: image.leaderEpoch + 2 }, 0)
  await at.withClient(async (client) => {
    const producer = new Producer(client, { acks: 0, lingerMs: 0 })
    await producer.send({ topic: 'orders', partition: 0, value: 'another' })
    await at.until('it is written', () => log.logEndOffset === 1)
  })
  const held = syncs.waiting
  syncs.letOneGo()
  await at.until('the first sync has ended', () => log.flusher.isSettled)
  // Whoever waited for it had their turn.
  await new Promise((resolve) => setImmediate(resolve))
  const early = partition.acknowledgeableEnd
  syncs.letAllGo()
  await at.until('it is synced', () => partition.acknowledgeableEnd === 1)
  expect([held, early]).toEqual([2, 0])
})

test('a leader that becomes a follower does not claim what it has not synced', async () => {
  await unsynced([2, 1])
  await at.withClient(async (client) => {
    await alterReassignments(client, [{ topic: 'orders', partition: 0, replicas: [1, 2] }])
    await electLeaders(client, 'preferred', [{ topic: 'orders', partition: 0 }])
  })
  await at.until('broker 1 leads', () => partitionAt(1).role === 'leader')
  const claimed = () => partitionAt(1).endOf(2) === 1
  let polls = 0
  await at.until('the follower had its time', () => claimed() || polls++ > 30)
  const synced: number[] = [partitionAt(2).log!.recoveryPoint]
  const early = claimed()
  syncs.letAllGo()
  await at.until('it has told its end', claimed)
  synced.push(partitionAt(2).log!.recoveryPoint)
  expect({ early, synced, committed: partitionAt(1).log!.highWatermark }).toEqual({
    early: false,
    synced: [0, 1],
    committed: 1,
  })
})
