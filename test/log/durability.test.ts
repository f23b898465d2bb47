/** What an acknowledgement and a clean stop say of the disk holds, however slow or broken the disk is. */
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errors } from '../../protocol/errors.ts'
import type { Env } from '../../src/env/env.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogDisk, logResources } from '../../src/log/log-disk.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, appendBatch, batchOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'
import { place, quietEnv, temporaryDirectory, unclean } from './temporary-disk.ts'

/** A disk whose syncs on the thread pool wait until the test lets all of them end. */
class SlowDisk {
  readonly env: Env
  waiting = 0
  letGo!: (error?: Error) => void

  constructor() {
    const env = quietEnv()
    const gate = new Promise<void>((resolve, reject) => {
      this.letGo = (error) => (error ? reject(error) : resolve())
    })
    const open: typeof env.files.open = (path, mode) => {
      const file = env.files.open(path, mode)
      const syncLater = () => {
        this.waiting++
        return gate.then(() => file.syncLater())
      }
      return new Proxy(file, {
        get: (of, name) =>
          name === 'syncLater' ? syncLater : (of[name as keyof typeof of] as () => void).bind(of),
      })
    }
    this.env = { ...env, files: { ...env.files, open } }
  }
}

const one = { producerId: 7, producerEpoch: 0, baseSequence: 0 }

test('a batch that comes again while the first is on its way to the disk waits as well', async () => {
  const slow = new SlowDisk()
  const directory = temporaryDirectory()
  const log = createLog(new LogDisk(slow.env, directory), place(directory, { flushMessages: 1 }))
  const done: string[] = []
  for (const name of ['first', 'again']) {
    const { isDuplicate } = appendBatch(log, batchOf(['a'], one))
    expect(isDuplicate).toBe(name === 'again')
    void log.durable()!.then(() => done.push(name))
    await settled()
  }
  expect([done, log.recoveryPoint]).toEqual([[], 0])
  slow.letGo()
  await expect.poll(() => done).toEqual(['first', 'again'])
  expect([log.recoveryPoint, log.durable()]).toEqual([1, undefined])
})

test('a sync that somebody else asked for is waited for as well', async () => {
  const slow = new SlowDisk()
  const directory = temporaryDirectory()
  const log = createLog(new LogDisk(slow.env, directory), place(directory, { flushMessages: 1 }))
  append(log, 'a')
  const flushed = log.flush()
  const owed = log.durable()
  slow.letGo()
  await flushed
  expect([owed, log.durable()]).toEqual([flushed, undefined])
})

test('what is found after a crash is synced before it counts', async () => {
  const directory = temporaryDirectory()
  const config = { flushMessages: 1 }
  const running = await manage(quietEnv(), directory, config)
  append(running.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg'), 'a')
  const crashed = `${directory}/crashed`
  cpSync(join(directory, 't-0'), join(crashed, 't-0'), { recursive: true })
  await running.close()
  const log = (await manage(quietEnv(), crashed, config)).get('t', 0)!
  const before = [log.logEndOffset, log.recoveryPoint]
  await log.durable()
  expect([before, log.recoveryPoint]).toEqual([[1, 0], 1])
})

function manage(env: Env, directory: string, config: Partial<LogConfig> = {}): Promise<LogManager> {
  return LogManager.open(env, {
    directories: [directory],
    clusterId: 'cluster-one',
    nodeId: 1,
    configOf: () => ({ ...defaultLogConfig, ...config }),
  })
}

test.each([undefined, new Error('EIO')])(
  'a stop is clean only when the syncs that were under way have succeeded (%s)',
  async (error) => {
    const slow = new SlowDisk()
    const directory = temporaryDirectory()
    const manager = await manage(slow.env, directory)
    const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
    append(log, 'a')
    const flushed = log.flush().catch(({ name }) => name)
    await expect.poll(() => slow.waiting).toBeGreaterThan(0)
    const closed = manager.close()
    const isClean = () => existsSync(join(directory, '.kafka_cleanshutdown'))
    await settled()
    expect(isClean()).toBe(false)
    slow.letGo(error)
    await closed
    expect([await flushed, isClean()]).toEqual(error ? ['StorageError', false] : [undefined, true])
    expect(appendBatch(log, batchOf(['b'])).errorCode).toBe(errors.KAFKA_STORAGE_ERROR.code)
  },
)

/** The files that are synced from now on, in or below a directory. */
function syncsIn(env: Env, directory: string): { env: Env; synced: string[] } {
  const synced: string[] = []
  const note = (path: string) => void synced.push(path.slice(directory.length + 1))
  const open: typeof env.files.open = (path, mode) => {
    const file = env.files.open(path, mode)
    return new Proxy(file, {
      get(of, name) {
        if (name === 'sync' || name === 'syncLater') note(path)
        return (of[name as keyof typeof of] as () => void).bind(of)
      },
    })
  }
  const { files } = env
  const counting: Partial<typeof files> = {
    open,
    replaceFile(path, bytes, sync = true) {
      if (sync) note(path)
      files.replaceFile(path, bytes, sync)
    },
    syncDirectoryLater(path) {
      note(path)
      return files.syncDirectoryLater(path)
    },
  }
  return { env: { ...env, files: { ...files, ...counting } }, synced }
}

test('a clean stop syncs what has changed, once, and nothing else', async () => {
  const directory = temporaryDirectory()
  const first = await manage(quietEnv(), directory)
  for (const topic of ['idle', 'written', 'flushed'])
    append(first.create(topic, 0, 'sIvooBuSQZ-9v-mQDo-mmg'), 'a')
  await first.close()
  const { env, synced } = syncsIn(quietEnv(), directory)
  const second = await manage(env, directory)
  await second.get('idle', 0)!.read(0, 1000)
  append(second.get('written', 0)!, 'b')
  append(second.get('flushed', 0)!, 'b')
  await second.get('flushed', 0)!.flush()
  const log = second.create('new', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  for (let i = 0; i < 3; i++) append(log, 'v'.repeat(5000))
  synced.length = 0
  await second.close()
  expect(synced.filter((path) => path.includes('-0')).sort()).toEqual([
    'flushed-0/00000000000000000000.timeindex',
    'new-0',
    'new-0/00000000000000000000.index',
    'new-0/00000000000000000000.log',
    'new-0/00000000000000000000.timeindex',
    'new-0/leader-epoch-checkpoint',
    'new-0/partition.metadata',
    'written-0/00000000000000000000.log',
    'written-0/00000000000000000000.timeindex',
  ])
})

test('an index without entries that had to leave memory is there when it is needed again', async () => {
  const env = quietEnv()
  const directory = temporaryDirectory()
  const disk = new LogDisk(env, directory, logResources(env, { indexBytesMax: 400 }))
  const config = { indexIntervalBytes: 10 }
  const quiet = createLog(disk, place(directory, config, 'quiet-0'))
  const busy = createLog(disk, place(directory, config, 'busy-0'))
  for (let i = 0; i < 40; i++) append(busy, 'a')
  // The first of a segment needs no index, the others do.
  expect(['a', 'b', 'c'].map((value) => append(quiet, value).errorCode)).toEqual([0, 0, 0])
})

test('records that are on the disk have the id of their topic there as well', async () => {
  const topicId = `${'A'.repeat(21)}Q`
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new LossyDisk()
    const at = place('/', { flushMessages: 1 })
    const log = createLog(new LogDisk(simulatedEnv(disk), '/'), at, topicId)
    appendBatch(log, batchOf(['a'], { maxTimestamp: 1 }))
    await log.durable()
    disk.kill()
    disk.restart()
    disk.losePower(randomFrom(seed))
    const again = await openLog(new LogDisk(simulatedEnv(disk), '/'), at, unclean)
    expect([again.logEndOffset, again.topicId]).toEqual([1, topicId])
  }
})
