import { expect, test } from 'vitest'
import { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import type { ClusterMachine } from '../../../src/core/cluster/cluster-machine.ts'
import { circumstances, cluster, createTopic, register, run, sketch, uuidOf } from './build.ts'

const fence = (machine: ClusterMachine, brokerId: number) =>
  run(machine, { kind: 'fence', brokerId })
const activate = (machine: ClusterMachine, brokerId: number) =>
  run(machine, { kind: 'activate', brokerId })

function proposeIsr(machine: ClusterMachine, brokerId: number, isr: number[], more = {}) {
  const p = machine.image.topic('orders')!.partitions[0]!
  const newIsr = isr.map((id) => ({
    brokerId: id,
    brokerEpoch: machine.image.brokers.get(id)?.brokerEpoch ?? -1,
  }))
  const { topicId, leaderEpoch, partitionEpoch } = p
  const item = { topicId, partition: 0, leaderEpoch, partitionEpoch, newIsr, ...more }
  return run(machine, { kind: 'alterIsr', brokerId, items: [item] })[0]?.errorCode
}

test('a fenced leader is replaced by the next in-sync replica, in a new epoch', () => {
  const machine = cluster(3)
  run(machine, createTopic('orders', [[1, 2, 3]]))
  fence(machine, 1)
  expect(sketch(machine)).toBe('leader=2 epoch=1 isr=2,3')
})

test('replicas that leave below min.insync.replicas stay eligible, and may lead again', () => {
  const machine = cluster(3, 2)
  run(machine, createTopic('orders', [[1, 2, 3]]))
  const steps: string[] = []
  for (const brokerId of [1, 2, 3]) {
    fence(machine, brokerId)
    steps.push(sketch(machine))
  }
  activate(machine, 2)
  steps.push(sketch(machine))
  expect(steps).toEqual([
    'leader=2 epoch=1 isr=2,3',
    'leader=3 epoch=2 isr=3 elr=2',
    'leader=-1 epoch=3 isr= elr=2,3',
    'leader=2 epoch=4 isr=2 elr=3',
  ])
})

test('a replica whose disk failed is not eligible before it has caught up, wherever it stood', () => {
  const steps: string[] = []
  const machine = cluster(3, 2)
  const fail = (brokerId: number) => {
    run(machine, { kind: 'relinquish', brokerId, items: [] })
    steps.push(sketch(machine))
  }
  run(machine, createTopic('orders', [[1, 2, 3]]))
  fence(machine, 3)
  fail(1)
  fence(machine, 2)
  activate(machine, 3)
  steps.push(sketch(machine))
  // In the ELR: a directory that could not be opened after a restart.
  activate(machine, 2)
  proposeIsr(machine, 2, [2, 3])
  fence(machine, 3)
  steps.push(sketch(machine))
  activate(machine, 3)
  fail(3)
  expect(steps).toEqual([
    'leader=2 epoch=1 isr=2',
    'leader=-1 epoch=2 isr= elr=2',
    'leader=2 epoch=3 isr=2 elr=3',
    'leader=2 epoch=3 isr=2',
  ])
})

test('D3: a broker that lost its page cache is trusted neither in ISR nor in ELR', () => {
  const machine = cluster(2, 2)
  run(machine, createTopic('orders', [[1, 2]]))
  fence(machine, 1)
  const lossy = register(1, 'second-1', { cleanShutdown: false })
  lossy.broker.bootId = uuidOf('another boot')
  run(machine, lossy)
  fence(machine, 2)
  activate(machine, 1)
  expect(sketch(machine)).toBe('leader=-1 epoch=2 isr= elr=2')
})

test.each([
  ['1', 'leader=2 epoch=1 isr=2 elr=1'],
  ['1000', 'leader=2 epoch=1 isr=2'],
])(
  'after a power loss a broker that syncs is trusted as far as the topic lets it (%s)',
  (value, after) => {
    const machine = cluster(2, 2)
    run(machine, createTopic('orders', [[1, 2]], { configs: [{ name: 'flush.messages', value }] }))
    fence(machine, 1)
    const rebooted = register(1, 'second-1', { cleanShutdown: false, durable: true })
    rebooted.broker.bootId = uuidOf('another boot')
    run(machine, rebooted)
    expect(sketch(machine)).toBe(after)
  },
)

test('when everybody lost something, the last leader is taken, and it is said', () => {
  const machine = cluster(1)
  run(machine, createTopic('orders', [[1]]))
  const lossy = register(1, 'second-1', { cleanShutdown: false })
  lossy.broker.bootId = uuidOf('another boot')
  run(machine, lossy)
  const before = sketch(machine)
  activate(machine, 1)
  expect([before, sketch(machine)]).toEqual([
    'leader=-1 epoch=1 isr=',
    'leader=1 epoch=2 isr=1 unclean',
  ])
})

test('a new incarnation never inherits a leadership', () => {
  const machine = cluster(1)
  run(machine, createTopic('orders', [[1]]))
  run(machine, register(1, 'second-1'))
  const between = sketch(machine)
  activate(machine, 1)
  const partition = machine.image.topic('orders')!.partitions[0]!
  expect([between, sketch(machine), partition.leaderBrokerEpoch]).toEqual([
    'leader=-1 epoch=1 isr= elr=1',
    'leader=1 epoch=2 isr=1',
    machine.image.brokers.get(1)?.brokerEpoch,
  ])
})

test('the same incarnation that registers again keeps its broker epoch', () => {
  const machine = cluster(1)
  const { brokerEpoch } = run(machine, register(1, 'first-1'))
  expect({ brokerEpoch, records: machine.decide(register(1, 'first-1')).records }).toEqual({
    brokerEpoch: 1,
    records: [],
  })
})

test('a broker that knows a later epoch than the coordinator is refused: metadata was lost', () => {
  const machine = cluster(1)
  const asked = register(2, 'x', { previousBrokerEpoch: 40 })
  expect({ ...run(machine, asked), known: [...machine.image.brokers.keys()] }).toEqual({
    errorCode: 104,
    errorMessage:
      'Broker 2 was registered in epoch 40, but this coordinator knows of none above 1: its metadata was lost, or is an old copy. See ottla cluster rebuild --help',
    brokerEpoch: -1,
    known: [1],
  })
})

test('a broker whose directories are an old copy is trusted neither in ISR nor in ELR', () => {
  const machine = cluster(2, 2)
  run(machine, createTopic('orders', [[1, 2]]))
  fence(machine, 1)
  const restored = register(1, 'second-1', { previousBrokerEpoch: 0 })
  run(machine, restored)
  fence(machine, 2)
  activate(machine, 1)
  expect(sketch(machine)).toBe('leader=-1 epoch=2 isr= elr=2')
})

test('a broker that died before it heard of its epoch is trusted with the one before', () => {
  const machine = cluster(1)
  run(machine, createTopic('orders', [[1]]))
  fence(machine, 1)
  run(machine, register(1, 'second-1', { previousBrokerEpoch: 1 }))
  run(machine, register(1, 'third-1', { previousBrokerEpoch: 1 }))
  activate(machine, 1)
  expect(sketch(machine)).toBe('leader=1 epoch=2 isr=1')
  // The third was let in: what the second was told is an old copy now.
  fence(machine, 1)
  run(machine, register(1, 'fourth-1', { previousBrokerEpoch: 2 }))
  expect(sketch(machine)).toBe('leader=-1 epoch=3 isr=')
})

test('the epoch of an unclean election is known for good, also when all are in sync again', () => {
  const machine = cluster(2)
  run(machine, createTopic('orders', [[1, 2]]))
  fence(machine, 1)
  const lossy = register(2, 'second-2', { cleanShutdown: false, previousBrokerEpoch: 2 })
  lossy.broker.bootId = uuidOf('another boot')
  run(machine, lossy)
  activate(machine, 2)
  const told = () => {
    const { leader, leaderEpoch, unclean, uncleanEpoch } =
      machine.image.topic('orders')!.partitions[0]!
    return { leader, leaderEpoch, unclean, uncleanEpoch }
  }
  const elected = told()
  run(machine, register(2, 'third-2', { previousBrokerEpoch: 3 }))
  activate(machine, 2)
  expect([elected.unclean, elected.uncleanEpoch, told().uncleanEpoch]).toEqual([
    true,
    elected.leaderEpoch,
    elected.leaderEpoch,
  ])
})

test('rebuilt metadata takes brokers that it was rebuilt from, with what they have, and no others', () => {
  const machine = cluster(0)
  const nobody = 'A'.repeat(22)
  const directory = uuidOf('directory')
  const { broker } = register(1, 'before')
  const known = { kind: 'broker', ...broker, incarnation: nobody, bootId: nobody } as const
  for (const brokerId of [1, 2])
    machine.apply({
      ...known,
      brokerId,
      logDirs: [directory],
      brokerEpoch: 7,
      fenced: true,
      draining: false,
      cordonedLogDirs: [],
      usedEpoch: 0,
    })
  machine.apply({ kind: 'counters', lastBrokerEpoch: 1000, nextProducerId: 0, rebuiltEpoch: 1000 })
  const topicId = uuidOf('one')
  machine.apply({ kind: 'topic', topicId, name: 'orders' })
  const none = { elr: [], lastKnownElr: [], addingReplicas: [], removingReplicas: [] }
  const partition = { kind: 'partition', topicId, partition: 0, ...none, leader: -1 } as const
  machine.apply({
    ...partition,
    replicas: [1, 2],
    isr: [1, 2],
    leaderEpoch: 1000,
    leaderBrokerEpoch: 0,
    partitionEpoch: 0,
    unclean: false,
    uncleanEpoch: -1,
  })
  const join = (brokerId: number, logDirs: string[], previousBrokerEpoch: number) => {
    const command = register(brokerId, `again-${brokerId}`, {
      previousBrokerEpoch,
      cleanShutdown: false,
    })
    Object.assign(command.broker, { logDirs })
    return run(machine, command).errorMessage ?? 'joined'
  }
  const refused = [join(3, [directory], 5), join(2, [directory, uuidOf('other')], 7)]
  const joined = [join(2, [directory], 7), join(3, [directory], -1)]
  const both = sketch(machine)
  activate(machine, 2)
  expect({ refused, joined, both, alone: sketch(machine) }).toEqual({
    refused: [
      'The metadata was rebuilt without broker 3, whose logs would be removed now: rebuild it with them too, or empty them',
      `The metadata was rebuilt without the directories ${uuidOf('other')} of broker 2, whose logs would be removed now: rebuild it with them too, or empty them`,
    ],
    joined: ['joined', 'joined'],
    both: 'leader=-1 epoch=1000 isr=1,2',
    alone: 'leader=2 epoch=1001 isr=2',
  })
})

test('an ISR change is a compare-and-set, in the order of checks that Kafka has', () => {
  const machine = cluster(3)
  run(machine, createTopic('orders', [[1, 2, 3]]))
  const stale = machine.image.topic('orders')!.partitions[0]!.partitionEpoch
  const old = [
    { brokerId: 1, brokerEpoch: 1 },
    { brokerId: 2, brokerEpoch: 99 },
  ]
  const codes = {
    accepted: proposeIsr(machine, 1, [1, 2]),
    samePartitionEpochAgain: proposeIsr(machine, 1, [1], { partitionEpoch: stale }),
    notTheLeader: proposeIsr(machine, 2, [1, 2]),
    withoutTheLeader: proposeIsr(machine, 1, [2]),
    aStranger: proposeIsr(machine, 1, [1, 9]),
    anOlderIncarnation: proposeIsr(machine, 1, [], { newIsr: old }),
    epochFromTheFuture: proposeIsr(machine, 1, [1], { leaderEpoch: 7 }),
    deletedTopic: proposeIsr(machine, 1, [1], { topicId: 'gone' }),
  }
  fence(machine, 3)
  const fenced = proposeIsr(machine, 1, [1, 2, 3])
  fence(machine, 1)
  const deposed = proposeIsr(machine, 1, [1, 2], { leaderEpoch: 0 })
  expect({ ...codes, fenced, deposed }).toEqual({
    accepted: 0,
    samePartitionEpochAgain: 95,
    notTheLeader: 42,
    withoutTheLeader: 42,
    aStranger: 42,
    anOlderIncarnation: 107,
    epochFromTheFuture: 41,
    deletedTopic: 100,
    fenced: 107,
    deposed: 74,
  })
})

test('unclean election happens where it is switched on, and only there', () => {
  const machine = cluster(2)
  run(machine, createTopic('orders', [[1, 2]]))
  const configs = [{ name: 'unclean.leader.election.enable', value: 'true' }]
  run(machine, {
    ...createTopic('risky', [[1, 2]], { configs }),
    circumstances: { ...circumstances, topicIds: [uuidOf('risky')] },
  } as never)
  proposeIsr(machine, 1, [1])
  const risky = machine.image.topic('risky')!.partitions[0]!
  const newIsr = [{ brokerId: 1, brokerEpoch: 1 }]
  const { topicId, leaderEpoch, partitionEpoch } = risky
  const items = [{ topicId, partition: 0, leaderEpoch, partitionEpoch, newIsr }]
  run(machine, { kind: 'alterIsr', brokerId: 1, items })
  fence(machine, 1)
  expect([sketch(machine), sketch(machine, 'risky')]).toEqual([
    'leader=-1 epoch=1 isr= elr=1',
    'leader=2 epoch=1 isr=2 unclean',
  ])
})

/** The leader alone in sync, with two that lag behind it, and then gone. */
function leftAlone(configs: { name: string; value: string }[]) {
  const machine = cluster(3)
  run(machine, createTopic('orders', [[1, 2, 3]], { configs }))
  proposeIsr(machine, 1, [1])
  fence(machine, 1)
  return machine
}

const allowed = [{ name: 'unclean.leader.election.enable', value: 'true' }]

type Told = [brokerId: number, leaderEpoch: number, endOffset: number, brokerEpoch?: number]

function told(machine: ClusterMachine, ...ends: Told[]) {
  const { topicId } = machine.image.topic('orders')!
  const all = ends.map(([brokerId, leaderEpoch, endOffset, brokerEpoch = brokerId]) => {
    return { brokerId, brokerEpoch, leaderEpoch, endOffset }
  })
  return [{ topicId, partition: 0, ends: all }]
}

test('an unclean election between several replicas waits for their logs, and takes the longest', () => {
  const elected = (...ends: Told[]) => {
    const machine = leftAlone(allowed)
    const before = sketch(machine)
    run(machine, { kind: 'electLongest', logEnds: told(machine, ...ends) })
    return [before, sketch(machine)]
  }
  const waiting = 'leader=-1 epoch=1 isr= elr=1'
  expect({
    longer: elected([2, 0, 7], [3, 0, 9]),
    laterEpoch: elected([2, 3, 7], [3, 2, 9]),
    equal: elected([3, 0, 9], [2, 0, 9]),
    onlyOneTold: elected([3, 0, 1]),
    ofAnEarlierIncarnation: elected([2, 0, 7], [3, 0, 9, 1]),
  }).toEqual({
    longer: [waiting, 'leader=3 epoch=2 isr=3 unclean'],
    laterEpoch: [waiting, 'leader=2 epoch=2 isr=2 unclean'],
    equal: [waiting, 'leader=2 epoch=2 isr=2 unclean'],
    onlyOneTold: [waiting, 'leader=3 epoch=2 isr=3 unclean'],
    ofAnEarlierIncarnation: [waiting, 'leader=2 epoch=2 isr=2 unclean'],
  })
})

test('what was told changes nothing where unclean elections are off, or somebody leads by then', () => {
  const off = leftAlone([])
  run(off, { kind: 'electLongest', logEnds: told(off, [2, 0, 7], [3, 0, 9]) })
  const back = leftAlone(allowed)
  activate(back, 1)
  run(back, { kind: 'electLongest', logEnds: told(back, [2, 0, 7], [3, 0, 9]) })
  const nobody = leftAlone(allowed)
  run(nobody, { kind: 'electLongest', logEnds: told(nobody) })
  expect([sketch(off), sketch(back), sketch(nobody)]).toEqual([
    'leader=-1 epoch=1 isr= elr=1',
    'leader=1 epoch=2 isr=1',
    'leader=-1 epoch=1 isr= elr=1',
  ])
})

test('preferred leaders come back by request and by balance', () => {
  const machine = cluster(2)
  run(machine, createTopic('orders', [[1, 2]]))
  fence(machine, 1)
  activate(machine, 1)
  const request = { electionType: 0, topicPartitions: null, timeoutMs: 0 }
  const elect = { kind: 'kafka', apiKey: ElectLeaders.key, apiVersion: 2, request, circumstances }
  const notInSync = run(machine, elect as never)
  proposeIsr(machine, 2, [1, 2])
  run(machine, { kind: 'balance', max: 10 })
  expect([notInSync, sketch(machine)]).toEqual([
    {
      errorCode: 0,
      replicaElectionResults: [
        {
          topic: 'orders',
          partitionResult: [
            {
              partitionId: 0,
              errorCode: 80,
              errorMessage: 'The preferred leader was not available.',
            },
          ],
        },
      ],
    },
    'leader=1 epoch=2 isr=2,1'.replace('2,1', '1,2'),
  ])
})

test('a reassignment ends when the new replicas are in sync, and moves the leader', () => {
  const machine = cluster(3)
  run(machine, createTopic('orders', [[1, 2]]))
  const partitions = [{ partitionIndex: 0, replicas: [3, 2] }]
  const request = {
    timeoutMs: 0,
    allowReplicationFactorChange: true,
    topics: [{ name: 'orders', partitions }],
  }
  const { key: apiKey } = AlterPartitionReassignments
  run(machine, { kind: 'kafka', apiKey, apiVersion: 1, request, circumstances })
  const state = () => {
    const { replicas, addingReplicas, removingReplicas, leader, isr } =
      machine.image.topic('orders')!.partitions[0]!
    return { replicas, addingReplicas, removingReplicas, leader, isr }
  }
  const during = state()
  const answer = proposeIsr(machine, 1, [1, 2, 3])
  expect({ during, answer, after: state() }).toEqual({
    during: {
      replicas: [3, 2, 1],
      addingReplicas: [3],
      removingReplicas: [1],
      leader: 1,
      isr: [1, 2],
    },
    answer: 108,
    after: {
      replicas: [3, 2],
      addingReplicas: [],
      removingReplicas: [],
      leader: 3,
      isr: [3, 2],
    },
  })
})

test('a replica is eligible no more once min.insync.replicas is lowered to what is in sync: it will lack records', () => {
  const lower = (machine: ClusterMachine, resourceType: number, resourceName: string) => {
    const configs = [{ name: 'min.insync.replicas', configOperation: 0, value: '1' }]
    const request = { resources: [{ resourceType, resourceName, configs }], validateOnly: false }
    const apiKey = IncrementalAlterConfigs.key
    run(machine, { kind: 'kafka', apiKey, apiVersion: 1, request, circumstances })
  }
  const afterLowering = (resourceType: number, resourceName: string) => {
    const machine = cluster(3, 2)
    run(machine, createTopic('orders', [[1, 2]]))
    fence(machine, 2)
    const before = sketch(machine)
    lower(machine, resourceType, resourceName)
    return [before, sketch(machine)]
  }
  const both = ['leader=1 epoch=0 isr=1 elr=2', 'leader=1 epoch=0 isr=1']
  expect([afterLowering(2, 'orders'), afterLowering(4, '')]).toEqual([both, both])
})
