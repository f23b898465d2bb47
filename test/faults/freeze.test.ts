/** Processes that are stopped and go on (SIGSTOP, SIGCONT): R1 and R2 of the fault catalogue. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { RawClient } from '../broker/raw-client.ts'
import { Faulted, pause, sound, until } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { produceRequest } from './requests.ts'

const cluster = new LocalCluster()
const notLeader = 6

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

const portOf = (id: number) => cluster.brokers.get(id)?.port ?? 0

test('a leader that is frozen for less and more than its lease loses nothing', async () => {
  const faulted = await Faulted.start(cluster, 'frozen', { partitions: 3 })
  for (const frozenMs of [60, 300, 600, 1200]) {
    const victim = await faulted.leader()
    cluster.freeze(victim)
    await pause(frozenMs)
    cluster.thaw(victim)
    await faulted.acknowledged()
  }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('a leader that wakes after another was elected answers everything with 6', async () => {
  const faulted = await Faulted.start(cluster, 'woken')
  const { topic } = faulted
  const victim = await faulted.leader()
  // They were connected all the time; each has asked once, so that it is known to be served.
  const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.connect(portOf(victim))))
  const [produceAll, produceOne, fetching, listing] = clients as [
    RawClient,
    RawClient,
    RawClient,
    RawClient,
  ]
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }]
  const list = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] }
  for (const client of clients) {
    const { topics } = await client.ask(ListOffsets, 5, list)
    expect(topics[0]?.partitions[0]?.errorCode).toBe(0)
  }
  cluster.freeze(victim)
  const fetched = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
  const fetch = { maxWaitMs: 0, minBytes: 1, forgottenTopicsData: [] }
  const answers = Promise.all([
    produceAll.ask(Produce, 8, produceRequest(topic, ['late'], -1)),
    produceOne.ask(Produce, 8, produceRequest(topic, ['late'], 1)),
    fetching.ask(Fetch, 11, { ...fetch, topics: [{ topic, partitions: fetched }] }),
    listing.ask(ListOffsets, 5, list),
  ])
  await faulted.successorOf(victim)
  await faulted.acknowledged()
  cluster.thaw(victim)
  const [all, one, read, listed] = await answers
  expect([
    all.responses[0]?.partitionResponses[0]?.errorCode,
    one.responses[0]?.partitionResponses[0]?.errorCode,
    read.responses[0]?.partitions[0]?.errorCode,
    listed.topics[0]?.partitions[0]?.errorCode,
  ]).toEqual([notLeader, notLeader, notLeader, notLeader])
  for (const client of clients) client.destroy()
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('a frozen follower leaves the replicas in sync and comes back', async () => {
  const faulted = await Faulted.start(cluster, 'follower')
  const follower = ((await faulted.leader()) % 3) + 1
  cluster.freeze(follower)
  await faulted.acknowledged()
  await until(async () => (await faulted.isr()) === 2, 'an ISR without it')
  cluster.thaw(follower)
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('a coordinator that is frozen, for less and more than a lease, costs no record', async () => {
  const faulted = await Faulted.start(cluster, 'coordinator')
  for (const frozenMs of [150, 1500]) {
    cluster.coordinator?.process.kill('SIGSTOP')
    await pause(frozenMs)
    cluster.coordinator?.process.kill('SIGCONT')
    await faulted.acknowledged()
  }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('everything that is frozen at once goes on', async () => {
  const faulted = await Faulted.start(cluster, 'all-frozen', { partitions: 3 })
  const all = [cluster.coordinator, ...cluster.brokers.values()]
  for (const server of all) server?.process.kill('SIGSTOP')
  await pause(2000)
  for (const server of all) server?.process.kill('SIGCONT')
  await faulted.acknowledged()
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)
