/** What an acknowledgement and a clean stop say of the disk holds, however slow or broken the disk is. */
import { expect, test } from 'vitest'
import type { Env } from '../../src/env/env.ts'
import { createLog } from '../../src/log/load.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { appendBatch, batchOf } from './batches.ts'
import { settled } from './simulated-env.ts'
import { place, quietEnv, temporaryDirectory } from './temporary-disk.ts'

/** A disk whose syncs on the thread pool end when the test lets them. */
function slowDisk(): { env: Env; waiting: { end(error?: Error): void }[] } {
  const env = quietEnv()
  const waiting: { end(error?: Error): void }[] = []
  const open: typeof env.files.open = (path, mode) => {
    const file = env.files.open(path, mode)
    const syncLater = () =>
      new Promise<void>((resolve, reject) =>
        waiting.push({ end: (error) => (error ? reject(error) : resolve(file.syncLater())) }),
      )
    return new Proxy(file, {
      get: (of, name) =>
        name === 'syncLater' ? syncLater : (of[name as keyof typeof of] as () => void).bind(of),
    })
  }
  return { env: { ...env, files: { ...env.files, open } }, waiting }
}

const one = { producerId: 7, producerEpoch: 0, baseSequence: 0 }

test('a batch that comes again while the first is on its way to the disk waits as well', async () => {
  const { env, waiting } = slowDisk()
  const directory = temporaryDirectory()
  const log = createLog(new LogDisk(env, directory), place(directory, { flushMessages: 1 }))
  const done: string[] = []
  for (const name of ['first', 'again']) {
    const { isDuplicate } = appendBatch(log, batchOf(['a'], one))
    expect(isDuplicate).toBe(name === 'again')
    void log.durable()!.then(() => done.push(name))
    await settled()
  }
  expect([done, log.recoveryPoint]).toEqual([[], 0])
  for (const { end } of waiting.splice(0)) end()
  await expect.poll(() => done).toEqual(['first', 'again'])
  expect([log.recoveryPoint, log.durable()]).toEqual([1, undefined])
})
