import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { controlTypeOf } from '../../../protocol/control-record.ts'
import { batchSizeOf, isControl, producerIdOf } from '../../../protocol/record-batch.ts'
import { recordsOf } from '../../../protocol/records.ts'
import { GroupMachine } from '../../../src/core/group/machine.ts'
import { decodeRecord, encodeRecord } from '../../../src/core/group/record.ts'
import { defaultSettings } from '../../../src/core/group/settings.ts'
import { SomeTopics } from './some-topics.ts'

// See data/README.md.
const segment = gunzipSync(readFileSync(join(import.meta.dirname, 'data/consumer-offsets.log.gz')))

function* batches(): Generator<Buffer> {
  for (let at = 0; at < segment.length; at += batchSizeOf(segment, at))
    yield segment.subarray(at, at + batchSizeOf(segment, at))
}

test('every record of a group that Kafka wrote is written again with the same bytes', () => {
  let count = 0
  for (const batch of batches()) {
    if (isControl(batch, 0)) continue
    for (const { key, value } of recordsOf(batch, 0, 1e6)) {
      const record = decodeRecord({ key: key!, value })
      if (!record) continue
      count++
      const stored = encodeRecord(record)
      expect([stored.key.toString('hex'), stored.value?.toString('hex')]).toEqual([
        key!.toString('hex'),
        value?.toString('hex'),
      ])
    }
  }
  expect(count).toBe(39)
})

test('the log of a real Kafka loads to the groups that it had', () => {
  const plain = { name: 'plain', topicId: '5nn6isVrRgqyRIwrypvEpQ', partitionCount: 1 }
  const machine = new GroupMachine(defaultSettings, new SomeTopics([plain]))
  for (const batch of batches())
    for (const { key, value, offset } of recordsOf(batch, 0, 1e6)) {
      if (isControl(batch, 0))
        machine.endTransaction(producerIdOf(batch, 0), controlTypeOf(key) === 1)
      else {
        const record = decodeRecord({ key: key!, value })
        if (record) machine.apply(record, { offset, producerId: producerIdOf(batch, 0) })
      }
    }
  machine.loaded(1795366709529)
  const { state } = machine
  const caller = {
    requestId: 1,
    apiVersion: 5,
    clientId: '',
    clientHost: '',
    entropy: Buffer.alloc(16),
  }
  const request = { statesFilter: [], typesFilter: [] }
  const { replies } = machine.decide({ kind: 'list', caller, request }, 1795366709529)
  expect((replies[0] as any).response).toEqual([
    { groupId: 'txn-group', protocolType: '', groupState: 'Empty', groupType: 'classic' },
    {
      groupId: 'classic-group',
      protocolType: 'consumer',
      groupState: 'Empty',
      groupType: 'classic',
    },
    {
      groupId: 'static-group',
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: 'classic',
    },
    {
      groupId: 'consumer-group',
      protocolType: 'consumer',
      groupState: 'Empty',
      groupType: 'consumer',
    },
    { groupId: 'simple-group', protocolType: '', groupState: 'Empty', groupType: 'classic' },
    {
      groupId: 'stays-classic',
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: 'classic',
    },
    {
      groupId: 'stays-consumer',
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: 'consumer',
    },
  ])
  expect(state.offsets.get('txn-group', 'txn', 0)).toMatchObject({
    offset: 3,
    metadata: 'in transaction',
  })
  expect(state.offsets.get('stays-consumer', 'plain', 0)).toMatchObject({
    offset: 28,
    leaderEpoch: 0,
  })
  expect(state.offsets.get('simple-group', 'codecs', 0)).toBeUndefined()
  const consumers = state.consumerGroup('stays-consumer')!
  expect([consumers.groupEpoch, consumers.assignmentEpoch, [...consumers.target.values()]]).toEqual(
    [2, 2, [new Map([['5nn6isVrRgqyRIwrypvEpQ', [0]]])]],
  )
  expect(consumers.metadataHash).toBe(-6611113701376261604n)
  expect([...state.classicGroup('stays-classic')!.subscribed!].sort()).toEqual(['plain', 'txn'])
})
