/** Whatever happens in whatever order: the invariants of LEASES §6 that the machine alone can keep. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecords, encodeRecords } from '../../../protocol/coordinator/record.ts'
import type { ClusterMachine, Command } from '../../../src/core/cluster/cluster-machine.ts'
import { ClusterImage, type PartitionImage } from '../../../src/core/cluster/image.ts'
import { applyAll, difference } from '../../../src/core/cluster/image-change.ts'
import { runs } from '../../property-seed.ts'
import { cluster, createTopic, register, run, uuidOf } from './build.ts'

const broker = fc.integer({ min: 1, max: 4 })
const step = fc.oneof(
  fc.record({ what: fc.constantFrom('fence', 'activate', 'drain'), brokerId: broker }),
  fc.record({ what: fc.constant('register'), brokerId: broker, lossy: fc.boolean() }),
  fc.record({ what: fc.constant('alterIsr'), isr: fc.uniqueArray(broker, { maxLength: 4 }) }),
  fc.record({ what: fc.constant('relinquish'), brokerId: broker }),
  fc.record({ what: fc.constant('balance') }),
)
type Step = { what: string; brokerId?: number; lossy?: boolean; isr?: number[] }

function commandOf(machine: ClusterMachine, step: Step, n: number): Command {
  const { brokerId = 1 } = step
  const partition = machine.image.topic('orders')!.partitions[0]!
  switch (step.what) {
    case 'register': {
      const command = register(brokerId, `again-${n}`, { cleanShutdown: !step.lossy })
      command.broker.bootId = uuidOf(step.lossy ? `boot-${n}` : 'boot')
      return command
    }
    case 'alterIsr': {
      const { topicId, leaderEpoch, partitionEpoch, leader } = partition
      const newIsr = [...new Set([...(step.isr ?? []), leader])].map((id) => ({
        brokerId: id,
        brokerEpoch: machine.image.brokers.get(id)?.brokerEpoch ?? -1,
      }))
      const item = { topicId, partition: 0, leaderEpoch, partitionEpoch, newIsr }
      return { kind: 'alterIsr', brokerId: leader, items: [item] }
    }
    case 'relinquish':
      return { kind: 'relinquish', brokerId, items: [] }
    case 'balance':
      return { kind: 'balance', max: 100 }
    default:
      return { kind: step.what as 'fence' | 'activate' | 'drain', brokerId }
  }
}

function faults(before: PartitionImage, after: PartitionImage, image: ClusterImage): string[] {
  const found: string[] = []
  const check = (fine: boolean, what: string) => {
    if (!fine) found.push(`${what}: ${JSON.stringify({ before, after })}`)
  }
  const led = (p: PartitionImage) => `${p.leader}/${p.leaderBrokerEpoch}`
  check(after.leaderEpoch >= before.leaderEpoch, 'the leader epoch grows')
  check(after.partitionEpoch >= before.partitionEpoch, 'the partition epoch grows')
  check(
    led(after) === led(before) || after.leaderEpoch > before.leaderEpoch,
    'one leader in an epoch',
  )
  check(
    after.partitionEpoch > before.partitionEpoch ||
      JSON.stringify(after) === JSON.stringify(before),
    'every change raises the partition epoch',
  )
  check(
    [...after.isr, ...after.elr].every((id) => after.replicas.includes(id)),
    'ISR and ELR are replicas',
  )
  check(!after.isr.some((id) => after.elr.includes(id)), 'ISR and ELR are apart')
  check(after.leader === -1 || after.isr.includes(after.leader), 'the leader is in sync')
  check(
    after.leader === -1 ||
      after.leaderBrokerEpoch <= (image.brokers.get(after.leader)?.brokerEpoch ?? 0),
    'the leader is an incarnation that registered',
  )
  const eligible = before.isr.length > 0 ? before.isr : before.elr
  check(
    after.leader === -1 ||
      led(after) === led(before) ||
      after.unclean ||
      [...eligible, ...before.elr].includes(after.leader),
    'a clean leader comes from ISR or ELR',
  )
  return found
}

test('random commands keep the invariants, and replaying their records gives the same state', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (steps, min) => {
      const machine = cluster(4, min)
      run(machine, createTopic('orders', [[1, 2, 3]]))
      const copy = ClusterImage.from(machine.image.records())
      for (const [n, step] of steps.entries()) {
        const before = machine.image.topic('orders')!.partitions[0]!
        const command = commandOf(machine, step as Step, n)
        const frozen = JSON.stringify([...machine.image.records()])
        const { records } = machine.decide(command)
        expect(JSON.stringify([...machine.image.records()])).toBe(frozen)
        for (const record of records) machine.apply(record)
        applyAll(copy, decodeRecords(encodeRecords(records)), machine.image.revision)
        const after = machine.image.topic('orders')!.partitions[0]!
        expect(faults(before, after, machine.image)).toEqual([])
      }
      expect([...copy.records()]).toEqual([...machine.image.records()])
      const jumped = cluster(2)
      applyAll(jumped.image, [...difference(jumped.image, machine.image)], 0)
      expect(new Set(jumped.image.records())).toEqual(new Set(machine.image.records()))
    }),
    { numRuns: runs(200) },
  )
})
