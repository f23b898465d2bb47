/**
 * A log that is deleted while somebody still has it in hand, and made anew at the same place: the old one neither
 * shows what the new one has nor writes there, and what fails of it says nothing of the disk.
 */
import { expect, test } from 'vitest'
import { errors } from '../../protocol/errors.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { StorageError } from '../../src/log/log-disk.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, appendBatch, batchOf, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { settled, simulatedEnv } from './simulated-env.ts'

const topicIds = ['sIvooBuSQZ-9v-mQDo-mmg', 'cOsUfYzoQ3GMUWIFL3bTxg']

async function opened() {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  const config = {
    ...defaultLogConfig,
    indexIntervalBytes: 100,
    segmentBytes: 1000,
    messageTimestampAfterMaxMs: Infinity,
  }
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => config,
  })
  const old = manager.create('t', 0, topicIds[0]!)
  for (let i = 0; i < 30; i++) appendBatch(old, batchOf([`old ${i}`]), 5)
  const filesOf = () =>
    disk.paths
      .filter((path) => path.startsWith('/data/t-0/'))
      .map((path) => [path, Buffer.from(disk.bytesOf(path)).toString('hex')])
  return { env, manager, old, filesOf }
}

test('a deleted log reads and writes nothing of the one that has taken its place', async () => {
  const { env, manager, old, filesOf } = await opened()
  manager.delete('t', 0)
  const made = manager.create('t', 0, topicIds[1]!)
  const values = Array.from({ length: 30 }, (_, i) => `new ${i}`)
  for (const value of values) append(made, value)
  await made.flush()
  made.roll()
  const before = filesOf()
  const range = { upTo: 30 }
  for (const offset of [0, 7, 29]) {
    const reads = [old.read(offset, 1e6, range)!, await old.readLater(offset, 1e6, range)]
    expect(reads.map(({ errorCode, records }) => [errorCode, records.length])).toEqual([
      [errors.KAFKA_STORAGE_ERROR.code, 0],
      [errors.KAFKA_STORAGE_ERROR.code, 0],
    ])
  }
  await expect(old.offsetForTimestamp(0)).rejects.toThrow('is deleted')
  expect(() => old.abortedTransactions(0, 30)).toThrow('is deleted')
  expect(append(old, 'late').errorCode).toBe(errors.KAFKA_STORAGE_ERROR.code)
  old.assignEpoch(9)
  await expect(old.flush()).rejects.toThrow(StorageError)
  expect(filesOf()).toEqual(before)
  expect(manager.directories[0]!.disk.failure).toBeUndefined()
  expect(env.lines.filter((line) => line.startsWith('ERROR'))).toEqual([])
  expect(await valuesOf(made)).toEqual(values)
})

test('a sync that begins when its log has just been deleted does not take the directory offline', async () => {
  const { manager, old } = await opened()
  const synced = old.flush().then(
    () => 'synced',
    (error) => error,
  )
  manager.delete('t', 0)
  await settled()
  expect(await synced).toBeInstanceOf(StorageError)
  expect(manager.directories[0]!.disk.failure).toBeUndefined()
})
