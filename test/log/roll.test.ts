/** Segments end where an offset would be too far from their name: indexes have 31 bits for it. */
import { expect, test } from 'vitest'
import { stampBatch } from '../../protocol/record-batch.ts'
import type { Log } from '../../src/log/log.ts'
import { batchOf, recordsIn } from './batches.ts'
import { reopened, temporaryLog, unclean } from './temporary-disk.ts'

/** As a leader has it whose log was compacted. */
function follow(log: Log, offset: number): void {
  const batch = batchOf(['a', 'b'])
  stampBatch(batch, 0, offset, 0)
  expect(log.stageAsFollower(batch).errorCode).toBe(0)
  log.writeStaged()
}

test('a batch whose last offset is 2^31 behind the name of the segment begins another', async () => {
  const log = temporaryLog({
    indexIntervalBytes: 0,
    cleanupPolicy: { delete: false, compact: true },
  })
  const far = 2 ** 31
  for (const offset of [0, 10, far - 2, far - 1 + 10, 3 * far]) follow(log, offset)
  const check = (of: Log) => {
    // As near as the last offset allows: what is before it was compacted away.
    expect(of.segments.list.map(({ baseOffset }) => baseOffset)).toEqual([0, far, 2 * far + 2])
    for (const [asked, found] of [
      [0, 0],
      [11, 10],
      [far - 1, far - 2],
      [far, far + 9],
      [far + 9, far + 9],
      [3 * far + 1, 3 * far],
    ] as const) {
      const { records } = of.read(asked, 1, { upTo: of.logEndOffset })!
      expect([asked, recordsIn(records)[0]?.[0]]).toEqual([asked, found])
    }
  }
  check(log)
  await log.close()
  check(await reopened(log))
  check(await reopened(log, unclean))
})
