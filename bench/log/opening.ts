/** Opening many clean partitions, their memory, and the recovery of one large log after an unclean stop. */
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, batchOfBytes, fill, inDirectory, silent } from './place.ts'
import type { Row, Sizes } from './sizes.ts'

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

function open(path: string): Promise<LogManager> {
  return LogManager.open(silent(), {
    directories: [path],
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    nodeId: 1,
    configOf: () => defaultLogConfig,
  })
}

export function openRows({ partitions }: Sizes): Promise<Row[]> {
  return inDirectory(async (path) => {
    const made = await open(path)
    const batch = batchOfBytes(2000)
    for (let i = 0; i < partitions; i++) append(made.create('bench', i, topicId), batch)
    await made.close()
    const before = memory()
    const startMs = performance.now()
    const again = await open(path)
    const ms = performance.now() - startMs
    const bytes = (memory() - before) / partitions
    await again.close()
    return [
      { name: `reopen ${partitions} clean partitions`, value: ms, unit: 'ms', goal: '< 1000' },
      { name: 'memory of an idle partition', value: bytes, unit: 'bytes', goal: '< 4096' },
    ]
  })
}

function memory(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

export function recoveryRows({ recoveryBytes }: Sizes): Promise<Row[]> {
  return inDirectory(async (path) => {
    const made = await open(path)
    const log = made.create('bench', 0, topicId)
    fill(log, recoveryBytes, batchOfBytes(16 * 1024))
    await made.close()
    unlinkSync(join(path, '.kafka_cleanshutdown'))
    unlinkSync(join(path, 'recovery-point-offset-checkpoint'))
    const startMs = performance.now()
    const again = await open(path)
    const ms = performance.now() - startMs
    await again.close()
    const mebibytes = Math.round(recoveryBytes / 2 ** 20)
    return [
      { name: `recover ${mebibytes} MiB after a crash`, value: ms, unit: 'ms', goal: '< 5000' },
    ]
  })
}
