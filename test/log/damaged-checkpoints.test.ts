/** Damaged checkpoints of a directory, and disks that are slow. */
import { expect, test } from 'vitest'
import type { Env, File } from '../../src/env/env.ts'
import { createLog } from '../../src/log/load.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, valuesOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { settled, simulatedEnv } from './simulated-env.ts'
import { place } from './temporary-disk.ts'

const topicId = 'sIvooBuSQZ-9v-mQDo-mmg'
const timeless = { messageTimestampAfterMaxMs: Infinity }

/** The same world, with other files of segments. */
function withFiles(env: Env, change: (file: File) => Partial<File>): Env {
  const open: typeof env.files.open = (path, mode) => {
    const file = env.files.open(path, mode)
    return path.endsWith('.log') ? { ...file, ...change(file) } : file
  }
  return { ...env, files: { ...env.files, open } }
}

test.each(['recovery-point', 'replication', 'log-start', 'cleaner'])(
  'D12: without its %s-offset-checkpoint, or with a damaged one, a directory opens and loses nothing',
  async (name) => {
    const options = {
      directories: ['/data'],
      clusterId: 'c',
      nodeId: 1,
      configOf: () => ({ ...defaultLogConfig, ...timeless }),
    }
    const made = async () => {
      const disk = new LossyDisk()
      const manager = await LogManager.open(simulatedEnv(disk), options)
      const log = manager.create('t', 0, topicId)
      for (const value of ['a', 'b', 'c', 'd']) append(log, value)
      log.highWatermark = 3
      log.deleteRecordsBefore(1)
      manager.directories[0]!.checkpoints.cleanerOffsets.set('t-0', 1)
      return { disk, manager }
    }
    const path = `/data/${name}-offset-checkpoint`
    const { disk: first, manager: running } = await made()
    await running.close()
    const good = Buffer.from(first.bytesOf(path))
    const ofOffsets = Buffer.from('0\n1\nt 0 99\n')
    const changed = [undefined, Buffer.alloc(good.length), Buffer.from(good).reverse()]
    // A log that ends before it begins is empty, as in Kafka: that one is believed.
    if (name !== 'log-start') changed.push(ofOffsets)
    for (let size = 0; size < good.length; size++) changed.push(good.subarray(0, size))
    for (const isClean of [true, false])
      for (const bytes of changed) {
        const { disk, manager } = await made()
        if (isClean) await manager.close()
        else {
          await manager.get('t', 0)!.flush()
          manager.directories[0]!.checkpoints.writeAll(true)
          disk.kill()
          disk.restart()
        }
        if (bytes === undefined) disk.files.unlink(path)
        else disk.replaceBytes(path, bytes)
        const again = await LogManager.open(simulatedEnv(disk), options)
        const log = again.get('t', 0)!
        const told = { isClean, bytes: bytes?.toString() }
        const { logStartOffset: start, highWatermark, recoveryPoint, logEndOffset } = log
        expect({ ...told, logEndOffset }).toEqual({ ...told, logEndOffset: 4 })
        const isOrdered = start <= highWatermark && highWatermark <= 4 && recoveryPoint <= 4
        expect({ ...told, isOrdered }).toEqual({ ...told, isOrdered: true })
        const values = await valuesOf(log)
        expect({ ...told, values }).toEqual({ ...told, values: ['a', 'b', 'c', 'd'].slice(start) })
        await again.close()
      }
  },
)

test('D20: while a sync takes its time, appends and reads go on, nothing is acknowledged and few syncs wait', async () => {
  let waiting = 0
  let syncsAtOnce = 0
  let letGo = () => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const env = withFiles(simulatedEnv(new LossyDisk()), (file) => ({
    sync() {
      syncsAtOnce++
      file.sync()
    },
    async syncLater() {
      waiting++
      await gate
      await file.syncLater()
    },
  }))
  const at = place('/', { ...timeless, flushMessages: 1, segmentBytes: 5000 })
  const log = createLog(new LogDisk(env, '/'), at)
  let acknowledged = 0
  for (let i = 0; i < 500; i++) {
    append(log, `${i}`)
    void log.durable()!.then(() => acknowledged++)
    await settled()
  }
  expect({ waiting, syncsAtOnce, acknowledged, recoveryPoint: log.recoveryPoint }).toEqual({
    waiting: 1,
    syncsAtOnce: 0,
    acknowledged: 0,
    recoveryPoint: 0,
  })
  expect((await valuesOf(log)).length).toBe(500)
  letGo()
  await expect.poll(() => acknowledged).toBe(500)
  expect([log.recoveryPoint, waiting <= 1 + log.segments.list.length]).toEqual([500, true])
})
