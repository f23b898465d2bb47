import { expect, test } from 'vitest'
import type { LogConfig } from '../../src/log/log-config.ts'
import { append, valuesOf } from './batches.ts'
import { temporaryLog } from './temporary-disk.ts'

/** Text that a codec can do better or worse with. */
const values = Array.from({ length: 400 }, (_, i) => `${i * i} is the square of ${i}, not ${i * 7}`)

async function sizeWith(config: Partial<LogConfig>): Promise<number> {
  const log = temporaryLog(config)
  expect(append(log, ...values).errorCode).toBe(0)
  log.highWatermark = log.logEndOffset
  expect(await valuesOf(log)).toEqual(values)
  return log.sizeBytes
}

test('the levels of gzip and zstd make a difference where the topic has batches packed anew', async () => {
  const gzip = async (compressionGzipLevel: number) =>
    sizeWith({ compressionType: 'gzip', compressionGzipLevel })
  const zstd = async (compressionZstdLevel: number) =>
    sizeWith({ compressionType: 'zstd', compressionZstdLevel })
  expect(await gzip(9)).toBeLessThan(await gzip(1))
  expect(await zstd(19)).toBeLessThan(await zstd(1))
})
