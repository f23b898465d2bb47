import { expect, test } from 'vitest'
import { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import type { ClusterMachine } from '../../../src/core/cluster/cluster-machine.ts'
import { circumstances, cluster, createTopic, run } from './build.ts'

/** What becomes of the partition, and what was answered for it. */
function reassign(machine: ClusterMachine, replicas: number[] | null) {
  const request = {
    timeoutMs: 0,
    allowReplicationFactorChange: true,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas }] }],
  }
  const { key: apiKey } = AlterPartitionReassignments
  run(machine, { kind: 'kafka', apiKey, apiVersion: 1, request, circumstances })
  const p = machine.image.topic('orders')!.partitions[0]!
  const { addingReplicas, removingReplicas, leader, isr } = p
  return `${p.replicas} +${addingReplicas} -${removingReplicas} leader ${leader} isr ${isr}`
}

// Seen beside Kafka 4.3.1: an automatic election of the preferred leader between two looks made it seem otherwise.
test('the leader stays when a reassignment is replaced by one that keeps it, though it is preferred no more', () => {
  const machine = cluster(3)
  run(machine, createTopic('orders', [[2, 1]]))
  run(machine, { kind: 'fence', brokerId: 3 })
  expect([reassign(machine, [1, 3]), reassign(machine, [1, 2])]).toEqual([
    '1,3,2 +3 -2 leader 2 isr 2,1',
    '1,2 + - leader 2 isr 2,1',
  ])
})

test('a cancelled reassignment leaves the replicas in the order that it gave them, and the leader', () => {
  const machine = cluster(3)
  run(machine, createTopic('orders', [[2, 1]]))
  run(machine, { kind: 'fence', brokerId: 3 })
  expect([reassign(machine, [1, 3]), reassign(machine, null)]).toEqual([
    '1,3,2 +3 -2 leader 2 isr 2,1',
    '1,2 + - leader 2 isr 2,1',
  ])
})
