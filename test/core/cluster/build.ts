import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { ClusterMachine, type Command } from '../../../src/core/cluster/cluster-machine.ts'
import { anyConfigs } from './any-configs.ts'

/** Decides and applies, as the coordinator does. */
export function run<C extends Command>(machine: ClusterMachine, command: C) {
  const { records, reply } = machine.decide(command)
  for (const record of records) machine.apply(record)
  return reply
}

/** A uuid that reads as the word. */
export const uuidOf = (word: string) =>
  Buffer.from(word.padEnd(16, '.').slice(0, 16)).toString('base64url')

export function register(brokerId: number, incarnation: string, more: object = {}) {
  return {
    kind: 'register' as const,
    broker: {
      brokerId,
      incarnation: uuidOf(incarnation),
      rack: null,
      listeners: [],
      features: [],
      logDirs: [],
      bootId: uuidOf('boot'),
      local: false,
    },
    cleanShutdown: true,
    previousBrokerEpoch: -1,
    durable: false,
    ...more,
  }
}

export const circumstances = {
  defaultPartitions: 1,
  defaultReplicationFactor: 1,
  topicIds: ['one', 'two', 'three'].map(uuidOf),
  draw: 0,
}

export function createTopic(name: string, assignments: number[][], more: object = {}): Command {
  const topic = {
    name,
    numPartitions: -1,
    replicationFactor: -1,
    assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    configs: [] as { name: string; value: string }[],
    ...more,
  }
  const request = { topics: [topic], timeoutMs: 0, validateOnly: false }
  return { kind: 'kafka', apiKey: CreateTopics.key, apiVersion: 7, request, circumstances }
}

/** A cluster of active brokers 1 to `brokers`. */
export function cluster(brokers: number, minIsr = 1): ClusterMachine {
  const machine = new ClusterMachine(anyConfigs)
  machine.apply({ kind: 'cluster', clusterId: 'test', maxLeaseMs: 600 })
  machine.apply({ kind: 'staticConfig', name: 'min.insync.replicas', value: String(minIsr) })
  for (let brokerId = 1; brokerId <= brokers; brokerId++) {
    run(machine, register(brokerId, `first-${brokerId}`))
    run(machine, { kind: 'activate', brokerId })
  }
  return machine
}

/** A partition in one line: leader, epochs, ISR, ELR. */
export function sketch(machine: ClusterMachine, name = 'orders', partition = 0): string {
  const p = machine.image.topic(name)?.partitions[partition]
  if (p === undefined) return 'none'
  const elr = p.elr.length > 0 ? ` elr=${p.elr}` : ''
  return `leader=${p.leader} epoch=${p.leaderEpoch} isr=${p.isr}${elr}${p.unclean ? ' unclean' : ''}`
}
