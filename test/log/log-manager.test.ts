import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { StorageError } from '../../src/log/log-disk.ts'
import { LogManager, type LogManagerOptions } from '../../src/log/log-manager.ts'
import { clusterIdOf } from '../../src/log/meta-properties.ts'
import { append, valuesOf } from './batches.ts'
import { quietEnv, temporaryDirectory } from './temporary-disk.ts'

const topicId = 'sIvooBuSQZ-9v-mQDo-mmg'

function manage(
  directories: string[],
  rest: Partial<LogManagerOptions> & { config?: Partial<LogConfig>; lines?: string[] } = {},
) {
  const { config, lines = [], ...options } = rest
  return LogManager.open(quietEnv(lines), {
    directories,
    clusterId: 'cluster-one',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, ...config }),
    ...options,
  })
}

test('logs and their offsets are there again after a clean stop', async () => {
  const directory = temporaryDirectory()
  const first = await manage([directory])
  const log = first.create('orders', 3, topicId)
  append(log, 'a', 'b', 'c')
  log.highWatermark = 3
  log.deleteRecordsBefore(1)
  await first.close(42)
  expect(readdirSync(directory).sort()).toEqual([
    '.kafka_cleanshutdown',
    '.lock',
    '.ottla_clock',
    'cleaner-offset-checkpoint',
    'log-start-offset-checkpoint',
    'meta.properties',
    'orders-3',
    'recovery-point-offset-checkpoint',
    'replication-offset-checkpoint',
  ])
  const second = await manage([directory])
  const again = second.get('orders', 3)!
  expect({
    brokerEpoch: second.previousBrokerEpoch,
    topicId: again.topicId,
    offsets: [again.logStartOffset, again.highWatermark, again.logEndOffset, again.recoveryPoint],
    values: await valuesOf(again, 1),
  }).toEqual({ brokerEpoch: 42, topicId, offsets: [1, 3, 3, 3], values: ['a', 'b', 'c'] })
  expect(existsSync(join(directory, '.kafka_cleanshutdown'))).toBe(false)
  await second.close()
})

test('a log without records is opened, led and closed again without a word of indexes that it never had', async () => {
  const directory = temporaryDirectory()
  const first = await manage([directory])
  await first.create('orders', 3, topicId).flush() // Now nothing is left to do when it is closed.
  await first.close()
  const lines: string[] = []
  const second = await manage([directory], { lines })
  second.get('orders', 3)!.assignEpoch(1)
  await second.close()
  expect(lines.filter((line) => line.startsWith('WARN'))).toEqual([])
})

test('D15: a second process on the directory is refused', async () => {
  const directory = temporaryDirectory()
  const first = await manage([directory])
  await expect(manage([directory])).rejects.toThrow(
    `Data directory ${directory} is in use by another process (pid ${process.pid})`,
  )
  await first.close()
})

test('D16: a directory of another cluster, another node or a newer format is refused with both', async () => {
  const directory = temporaryDirectory()
  await (await manage([directory])).close()
  expect(clusterIdOf(quietEnv(), [directory])).toBe('cluster-one')
  await expect(manage([directory], { clusterId: 'cluster-two' })).rejects.toThrow(
    `Data directory ${directory} belongs to cluster cluster-one, not to cluster-two`,
  )
  await expect(manage([directory], { nodeId: 2 })).rejects.toThrow(
    `Data directory ${directory} belongs to node 1, not to 2`,
  )
  writeFileSync(join(directory, 'meta.properties'), 'version=7\ncluster.id=x\n')
  await expect(manage([directory])).rejects.toThrow(
    `Data directory ${directory} has format version 7; this release knows 0 and 1`,
  )
})

test('foreign files and directories are left alone and named', async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'my photos'))
  mkdirSync(join(directory, 't-0'))
  writeFileSync(join(directory, 't-0', 'notes.txt'), 'mine')
  const lines: string[] = []
  const manager = await manage([directory], { lines })
  expect([...manager.logs()].map(({ name }) => name)).toEqual(['t-0'])
  await manager.close()
  expect(lines.filter((line) => line.startsWith('WARN'))).toEqual([
    `WARN  Directory is not known and left alone path="${directory}/my photos"\n`,
    `WARN  File in a log is not known and left alone path=${directory}/t-0/notes.txt\n`,
  ])
  expect(readFileSync(join(directory, 't-0', 'notes.txt'), 'utf8')).toBe('mine')
})

test('names that could leave the directory never reach the file system', async () => {
  const directory = temporaryDirectory()
  const manager = await manage([directory])
  for (const name of ['..', '.', 'a/b', '../x', 'a\0b', '', 'x'.repeat(250)])
    expect(() => manager.create(name, 0, topicId)).toThrow(RangeError)
  await manager.close()
  expect(readdirSync(join(directory, '..')).includes('x-0')).toBe(false)
})

test('a deleted log is gone at once and its files later', async () => {
  const directory = temporaryDirectory()
  const manager = await manage([directory], { config: { fileDeleteDelayMs: 20 } })
  const longest = 'x'.repeat(249)
  append(manager.create(longest, 12, topicId), 'a')
  manager.delete(longest, 12)
  expect(manager.get(longest, 12)).toBeUndefined()
  const [gone] = readdirSync(directory).filter((name) => name.endsWith('-delete'))
  expect([gone?.length, existsSync(join(directory, `${longest}-12`))]).toEqual([255, false])
  await expect.poll(() => readdirSync(directory).filter((n) => n.endsWith('-delete'))).toEqual([])
  const again = manager.create(longest, 12, topicId)
  expect(again.logEndOffset).toBe(0)
  await manager.close()
})

test.each(['by the same process', 'by the next'])(
  'what checkpoints say of a deleted log is not believed of one made %s under its name',
  async (by) => {
    const crashed = async (running: LogManager) => {
      const copy = temporaryDirectory()
      cpSync(running.directories[0]!.path, copy, { recursive: true })
      await running.close()
      return manage([copy])
    }
    let manager = await manage([temporaryDirectory()])
    const old = manager.create('orders', 0, topicId)
    append(old, 'old', 'old', 'old')
    await old.flush()
    old.highWatermark = 3
    old.deleteRecordsBefore(2)
    manager.directories[0]!.checkpoints.cleanerOffsets.set('orders-0', 2)
    manager.directories[0]!.checkpoints.writeAll(false)
    manager.delete('orders', 0)
    if (by === 'by the next') manager = await crashed(manager)
    append(manager.create('orders', 0, topicId), 'new')
    manager = await crashed(manager)
    const log = manager.get('orders', 0)!
    expect({
      offsets: [log.logStartOffset, log.highWatermark, log.recoveryPoint, log.logEndOffset],
      cleaned: manager.directories[0]!.checkpoints.cleanerOffsets.get('orders-0') ?? 0,
      values: await valuesOf(log),
    }).toEqual({ offsets: [0, 0, 0, 1], cleaned: 0, values: ['new'] })
    await manager.close()
  },
)

test('new logs go to the directory with the fewest, and a directory that fails takes only its own offline', async () => {
  const directories = [temporaryDirectory(), temporaryDirectory()]
  const failed: string[] = []
  const manager = await manage(directories, {
    onDirectoryFailure: (path) => failed.push(path),
  })
  const logs = [0, 1, 2, 3].map((partition) => manager.create('t', partition, topicId))
  expect(logs.map((log) => directories.indexOf(log.disk.path))).toEqual([0, 1, 0, 1])
  logs[0]!.disk.fail('Sync failed', new Error('EIO'))
  expect(logs.map((log) => append(log, 'x').errorCode)).toEqual([56, 0, 56, 0])
  expect(failed).toEqual([directories[0]])
  expect(manager.create('u', 0, topicId).disk.path).toBe(directories[1])
  await manager.close()
  const again = await manage(directories)
  expect(again.directories.map(({ wasClean }) => wasClean)).toEqual([false, true])
  await again.close()
})

test('D21: a directory that is removed under the running process goes offline with the next checkpoint at the latest', async () => {
  const directories = [temporaryDirectory(), temporaryDirectory()]
  const failed: string[] = []
  const manager = await manage(directories, { onDirectoryFailure: (path) => failed.push(path) })
  const logs = [0, 1].map((partition) => manager.create('t', partition, topicId))
  for (const log of logs) append(log, 'a')
  rmSync(directories[0]!, { recursive: true })
  for (const log of logs) log.highWatermark = log.logEndOffset
  for (const directory of manager.directories) directory.checkpoints.writeHighWatermarks(false)
  expect(failed).toEqual([directories[0]])
  expect(logs.map((log) => append(log, 'b').errorCode)).toEqual([56, 0])
  await manager.close()
})

test('D21: a directory that is removed under the running process goes offline at the first file it cannot make', async () => {
  const directories = [temporaryDirectory(), temporaryDirectory()]
  const failed: string[] = []
  const manager = await manage(directories, { onDirectoryFailure: (path) => failed.push(path) })
  const [lost, kept] = [0, 1].map((partition) => manager.create('t', partition, topicId))
  for (const log of [lost!, kept!]) append(log, 'a')
  rmSync(directories[0]!, { recursive: true })
  expect(() => lost!.roll()).toThrow(StorageError)
  kept!.roll()
  expect([lost!, kept!].map((log) => append(log, 'b').errorCode)).toEqual([56, 0])
  expect(failed).toEqual([directories[0]])
  expect(await valuesOf(kept!)).toEqual(['a', 'b'])
  await manager.close()
})

test('retention deletes by time and by size, and never what is not committed', async () => {
  const directory = temporaryDirectory()
  const manager = await manage([directory], {
    config: { segmentBytes: 200, retentionBytes: 500, fileDeleteDelayMs: 0 },
  })
  const log = manager.create('t', 0, topicId)
  for (let i = 0; i < 20; i++) append(log, `value ${i}`)
  await manager.maintain()
  expect(log.logStartOffset).toBe(0)
  log.highWatermark = 20
  await manager.maintain()
  expect(log.logStartOffset).toBe(12)
  log.updateConfig({ ...log.config, retentionMs: 0 })
  await new Promise((resolve) => setTimeout(resolve, 5))
  await manager.maintain()
  expect([log.logStartOffset, log.logEndOffset, log.segments.list.length]).toEqual([20, 20, 1])
  await manager.close()
})

test('a log is made where it was asked for, unless that has been cordoned since', async () => {
  const directories = [temporaryDirectory(), temporaryDirectory()]
  const [a = '', b = ''] = directories
  let cordoned: string[] = []
  const manager = await manage(directories, { cordonedDirectories: () => cordoned })
  const made = (partition: number) => manager.create('t', partition, 'T'.repeat(22)).disk.path
  manager.prefer('t', 0, b)
  manager.prefer('t', 1, b)
  manager.prefer('t', 2, b)
  const placed = [made(0)]
  cordoned = [b]
  placed.push(made(1))
  cordoned = ['*']
  placed.push(made(2))
  expect(placed).toEqual([b, a, b])
  await manager.close()
})

test('wishes for a directory are bounded', async () => {
  const manager = await manage([temporaryDirectory()])
  const { max } = manager.preferenceLimit
  for (let partition = 0; partition <= max; partition++) manager.prefer('t', partition, '/')
  expect(manager.preferenceLimit).toEqual({ used: max, max, refused: 1 })
  await manager.close()
})
