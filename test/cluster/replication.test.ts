/** Replicas that copy, join, are moved and held up: brokers of one process, real sockets. */
import { afterEach, expect, test, vi } from 'vitest'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { alterConfigs, describeConfigs } from '../../src/client/admin/configs.ts'
import {
  alterReassignments,
  electLeaders,
  listReassignments,
} from '../../src/client/admin/replicas.ts'
import { Producer } from '../../src/client/producer.ts'
import { RawClient } from '../broker/raw-client.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

let cluster: EmbeddedCluster | undefined
afterEach(async () => {
  await cluster?.stop()
  cluster = undefined
})

const start = async (brokers: number, configs = {}, own = {}) => {
  cluster = await EmbeddedCluster.start(brokers, configs, own)
  return cluster
}

/** Records of 1000 bytes, acknowledged by all. */
function fill(at: EmbeddedCluster, topic: string, count: number, partition = 0): Promise<void> {
  return at.withClient(async (client) => {
    const producer = new Producer(client, { acks: -1, lingerMs: 0 })
    const value = 'x'.repeat(1000)
    await Promise.all(
      Array.from({ length: count }, () => producer.send({ topic, partition, value })),
    )
  })
}

const endOf = (at: EmbeddedCluster, id: number, topic: string, partition = 0) =>
  at.broker(id).broker?.partitions.get(topic, partition)?.log?.logEndOffset

test('a reassignment adds and removes replicas, with all their records', async () => {
  const at = await start(3)
  await at.createTopic('orders', [[1, 2]])
  await fill(at, 'orders', 20)
  const [moved] = await at.withClient((client) =>
    alterReassignments(client, [{ topic: 'orders', partition: 0, replicas: [3, 2] }]),
  )
  await at.until('it has moved', () => at.partition('orders').replicas.join() === '3,2')
  const { leader, isr, replicas } = at.partition('orders')
  await at.until('broker 1 has dropped it', () => endOf(at, 1, 'orders') === undefined)
  expect({
    error: moved?.error,
    isr: [...isr].sort(),
    replicas,
    end: endOf(at, 3, 'orders'),
  }).toEqual({
    error: undefined,
    isr: [2, 3],
    replicas: [3, 2],
    end: 20,
  })
  expect([2, 3]).toContain(leader)
})

test('a fetch that waits at the leader is not begun anew for a change of the ISR', async () => {
  const at = await start(3)
  await at.createTopic('orders', [[1, 2]])
  const { fetchSessions } = at.broker(1).broker!
  await fill(at, 'orders', 1)
  const before = fetchSessions.size
  await at.withClient((client) =>
    alterReassignments(client, [{ topic: 'orders', partition: 0, replicas: [1, 2, 3] }]),
  )
  await at.settled('orders')
  await fill(at, 'orders', 1)
  const { leaderEpoch, partitionEpoch } = at.partition('orders')
  // One of each follower: those that are left behind would stay for a while.
  expect([leaderEpoch, partitionEpoch, before, fetchSessions.size]).toEqual([0, 2, 1, 2])
})

test('a move to a broker that is away is listed, and can be called off', async () => {
  const at = await start(3)
  await at.createTopic('orders', [[1, 2]])
  await at.stopBroker(3)
  const move = (replicas: number[] | null) =>
    at.withClient((client) =>
      alterReassignments(client, [{ topic: 'orders', partition: 0, replicas }]),
    )
  const unknown = await move([1, 9])
  await move([2, 3])
  const ongoing = await at.withClient(listReassignments)
  await move(null)
  const after = at.partition('orders')
  expect({
    unknown: unknown[0]?.error?.name,
    ongoing,
    replicas: after.replicas,
    left: await at.withClient(listReassignments),
  }).toEqual({
    unknown: 'INVALID_REPLICA_ASSIGNMENT',
    ongoing: [{ topic: 'orders', partition: 0, replicas: [2, 3, 1], adding: [3], removing: [1] }],
    replicas: [2, 1],
    left: [],
  })
})

test('a throttle holds copying up on both sides until it is lifted', async () => {
  for (const side of ['leader', 'follower'] as const) {
    const at = await start(2, { 'replica.fetch.max.bytes': 20_000 })
    await at.createTopic('orders', [[1]])
    await fill(at, 'orders', 300)
    const config = (type: 'topic' | 'broker', name: string, key: string, value: string | null) =>
      at.withClient(async (client) => {
        const operation = value === null ? 'delete' : 'set'
        const change = { name: `${side}.replication.throttled.${key}`, operation, value } as const
        const { error } = await alterConfigs(client, { type, name }, [change])
        if (error) throw error
      })
    await config('topic', 'orders', 'replicas', side === 'leader' ? '0:1' : '0:2')
    await config('broker', side === 'leader' ? '1' : '2', 'rate', '1')
    // One answer goes through before the rate is known to be too high, and it has this size at most.
    await at.withClient((client) =>
      alterReassignments(client, [{ topic: 'orders', partition: 0, replicas: [1, 2] }]),
    )
    await fill(at, 'orders', 1)
    const quota = at.broker(side === 'leader' ? 1 : 2).broker!.replication[`${side}Quota`]
    await at.until('the rate is exceeded', () => quota.exceeded)
    await fill(at, 'orders', 50)
    const held = at.partition('orders').isr
    const resource = { type: 'broker', name: side === 'leader' ? '1' : '2' } as const
    const told = await at.withClient((client) => describeConfigs(client, resource))
    const rate = told.find(({ name }) => name === `${side}.replication.throttled.rate`)?.value
    expect(rate).toBe('1')
    await config('topic', 'orders', 'replicas', null)
    await at.settled('orders')
    expect([held, endOf(at, 2, 'orders')]).toEqual([[1], 351])
    await at.stop()
    cluster = undefined
  }
})

test('leaderships come back to preferred replicas by themselves', async () => {
  const at = await start(2, { 'leader.imbalance.check.interval.seconds': 1 })
  await at.createTopic('orders', [[1, 2]])
  await at.stopBroker(1)
  const meanwhile = at.partition('orders').leader
  await at.startBroker(1)
  await at.until('broker 1 leads again', () => at.partition('orders').leader === 1)
  expect(meanwhile).toBe(2)
})

test('an unclean election is refused by default, and done when asked for', async () => {
  const at = await start(2, { 'min.insync.replicas': 1 })
  await at.createTopic('orders', [[1, 2]])
  await at.stopBroker(2)
  await fill(at, 'orders', 5)
  await at.stopBroker(1)
  await at.startBroker(2)
  const none = at.partition('orders')
  const preferred = await at.withClient((client) =>
    electLeaders(client, 'preferred', [{ topic: 'orders', partition: 0 }]),
  )
  const [forced] = await at.withClient((client) =>
    electLeaders(client, 'unclean', [{ topic: 'orders', partition: 0 }]),
  )
  const after = at.partition('orders')
  expect({
    none: [none.leader, none.isr],
    preferred: preferred[0]?.error?.name,
    forced: forced?.changed,
    after: [after.leader, after.isr, after.unclean],
  }).toEqual({
    none: [-1, []],
    preferred: 'PREFERRED_LEADER_NOT_AVAILABLE',
    forced: true,
    after: [2, [2], true],
  })
})

/** Broker 1 has 9 records, 2 has 3 of them and 3 has 6, and only 2 and 3 are there. */
async function uneven(at: EmbeddedCluster): Promise<void> {
  await at.createTopic('orders', [[1, 2, 3]])
  for (const id of [2, 3]) {
    await fill(at, 'orders', 3)
    await at.stopBroker(id)
  }
  await fill(at, 'orders', 3)
  await at.stopBroker(1)
  await at.startBroker(2)
  await at.startBroker(3)
}

test('an unclean election takes the longest log, not the first replica', async () => {
  for (const by of ['request', 'configuration'] as const) {
    const at = await start(3, { 'min.insync.replicas': 1 })
    await uneven(at)
    const before = at.partition('orders').leader
    await at.withClient(async (client) => {
      if (by === 'request') {
        const [done] = await electLeaders(client, 'unclean', [{ topic: 'orders', partition: 0 }])
        expect(done?.changed).toBe(true)
        return
      }
      const change = { name: 'unclean.leader.election.enable', operation: 'set', value: 'true' }
      const resource = { type: 'topic', name: 'orders' } as const
      expect((await alterConfigs(client, resource, [change as never])).error).toBe(undefined)
    })
    await at.until('somebody leads', () => at.partition('orders').leader !== -1)
    await at.until('2 follows', () => at.partition('orders').isr.length === 2)
    const { leader, unclean } = at.partition('orders')
    expect([before, leader, unclean, endOf(at, 2, 'orders')]).toEqual([-1, 3, true, 6])
    await at.stop()
    cluster = undefined
  }
})

test('a client that names a replica id moves no high watermark', async () => {
  const at = await start(2)
  await at.createTopic('orders', [[1, 2]], { 'min.insync.replicas': '1' })
  const { topicId } = at.partition('orders')
  const leader = at.broker(1).broker!
  const raw = await RawClient.connect(at.broker(1).advertised[0]!.port)
  const brokerEpoch = at.image.brokers.get(2)!.brokerEpoch
  const ask = async (replicaId: number, replicaEpoch: number) => {
    const answer = await raw.ask(Fetch, 17, {
      replicaState: { replicaId, replicaEpoch },
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topicId,
          partitions: [
            {
              partition: 0,
              currentLeaderEpoch: -1,
              fetchOffset: 1000,
              lastFetchedEpoch: -1,
              logStartOffset: 0,
              partitionMaxBytes: 1000,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    })
    return answer.errorCode || answer.responses[0]?.partitions[0]?.errorCode
  }
  const codes = [await ask(2, brokerEpoch), await ask(2, -1), await ask(9, 1), await ask(-1, -1)]
  raw.destroy()
  // 9 is no broker: as Kafka answers it.
  expect(codes).toEqual([29, 29, 6, 1])
  expect(leader.partitions.get('orders', 0)!.log!.highWatermark).toBe(0)
})

test('several fetchers share the partitions of one leader', async () => {
  const at = await start(2, { 'num.replica.fetchers': 3 })
  const count = 12
  await at.createTopic(
    'orders',
    Array.from({ length: count }, () => [1, 2]),
  )
  for (let partition = 0; partition < count; partition++) await fill(at, 'orders', 1, partition)
  const ends = Array.from({ length: count }, (_, partition) => endOf(at, 2, 'orders', partition))
  expect(ends).toEqual(ends.map(() => 1))
})

test('a topic is asked for while no coordinator is there: made when it comes back in time, else 7', async () => {
  const at = await start(1)
  const port = at.broker(1).advertised[0]!.port
  const ask = async (name: string, timeoutMs: number) => {
    const raw = await RawClient.connect(port)
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    const { topics } = await raw.ask(CreateTopics, 5, { topics: [topic], timeoutMs })
    raw.destroy()
    return topics[0]?.errorCode
  }
  const early: (number | undefined)[] = []
  let late: Promise<number | undefined> | undefined
  await at.restartCoordinator(async () => {
    await at.until('the session has ended', () => !at.broker(1).broker!.session.connected)
    early.push(await ask('early', 100))
    late = ask('late', 60_000)
  })
  expect([early, await late, at.image.topic('early')]).toEqual([[7], 0, undefined])
})

test('without a coordinator a leader stops when its lease ends, or goes on where that is allowed', async () => {
  const own = { 2: { 'lease.outage.policy': 'available' } }
  const at = await start(2, { 'lease.duration.ms': 1000 }, own)
  await at.createTopic('strict', [[1]])
  await at.createTopic('available', [[2]])
  const sessions = [1, 2].map((id) => at.broker(id).broker!.session)
  const answers: boolean[] = []
  await at.restartCoordinator(async () => {
    await at.until('both leases have ended', () => sessions.every(({ lease }) => !lease.valid()))
    answers.push(
      at.broker(1).broker!.partitions.get('strict', 0)!.mayAnswer(),
      at.broker(2).broker!.partitions.get('available', 0)!.mayAnswer(),
    )
    // Not idempotent: producer ids come from the coordinator.
    await at.withClient(async (client) => {
      const producer = new Producer(client, { acks: -1, lingerMs: 0, idempotent: false })
      await producer.send({ topic: 'available', partition: 0, value: 'x' })
    })
  })
  expect(answers).toEqual([false, true])
})
