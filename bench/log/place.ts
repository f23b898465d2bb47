import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBatch } from '../../protocol/build-batch.ts'
import { batchHeaderBytes } from '../../protocol/record-batch.ts'
import type { Env } from '../../src/env/env.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { createLog, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'

/** Runs in a directory of its own, which goes afterwards. `TMPDIR` says on which disk. */
export async function inDirectory<T>(run: (path: string) => T | Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'ottla-bench-'))
  try {
    return await run(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

export const silent = (): Env => nodeEnv({ level: 'silent' })

export function newLog(path: string, config: Partial<LogConfig> = {}, env = silent()): Log {
  return createLog(new LogDisk(env, path), {
    topic: 'bench',
    partition: 0,
    directory: join(path, 'bench-0'),
    config: { ...defaultLogConfig, ...config },
  })
}

/** The log that `newLog` made, in another process. */
export function reopened({ disk, topic, partition, directory, config }: Log): Promise<Log> {
  const checkpoint = {
    wasClean: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    highWatermark: Infinity,
  }
  const place = { topic, partition, directory, config }
  return openLog(new LogDisk(disk.env, disk.path), place, checkpoint)
}

/** A batch of about `size` bytes in records of about 1 KiB. */
export function batchOfBytes(size: number, keyOf: (i: number) => string = () => 'key'): Buffer {
  const value = Buffer.alloc(1000, 'v')
  const count = Math.max(1, Math.floor((size - batchHeaderBytes) / 1020))
  return buildBatch({
    records: Array.from({ length: count }, (_, i) => ({
      timestamp: Date.now(),
      key: Buffer.from(keyOf(i)),
      value,
    })),
  })
}

export function append(log: Log, batch: Buffer): void {
  batch.fill(0, 0, 8) // The same batch may come again: clients send base offset 0.
  const outcome = log.stageAsLeader(batch, { leaderEpoch: 0, origin: 'client' })
  if (outcome.errorCode !== 0) throw new Error(String(outcome.errorMessage))
  log.writeStaged()
}

/** Fills a log; the high watermark follows. */
export function fill(log: Log, bytes: number, batch: Buffer): void {
  for (let done = 0; done < bytes; done += batch.length) append(log, batch)
  log.highWatermark = log.logEndOffset
}

export function msOf(run: () => void): number {
  const startMs = performance.now()
  run()
  return performance.now() - startMs
}
