/** A data directory that goes away under the running broker, or cannot be written (D21). */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Daemon, temporaryDirectory } from './daemon.ts'
import { createTopic, produce, readAll } from './requests.ts'

const isRoot = process.getuid?.() === 0
if (!isRoot)
  console.log('Skipped: only root can mount the file system that the read-only test changes')

test('D21: a broker whose only directory is removed takes nothing more and ends with 1', async () => {
  const data = join(temporaryDirectory(), 'data')
  const daemon = await Daemon.start(data)
  const client = await daemon.connect()
  await createTopic(client, 't')
  expect((await produce(client, 't', ['a'])).errorCode).toBe(0)
  rmSync(data, { recursive: true })
  expect(await daemon.ended).toBe(1)
  expect(daemon.out + daemon.err).toMatch(/Log directory is offline .*ENOENT/)
})

test.runIf(isRoot)(
  'D21: a broker whose directory has become read-only says so and ends with 1; writable again, it has everything',
  async () => {
    const disk = temporaryDirectory()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk])
    onTestFinished(() => void execFileSync('umount', ['-l', disk]))
    const remount = (how: string) => execFileSync('mount', ['-o', `remount,${how}`, disk])
    const data = join(disk, 'data')
    const daemon = await Daemon.start(data)
    const client = await daemon.connect()
    await createTopic(client, 't')
    for (const value of ['a', 'b']) expect((await produce(client, 't', [value])).errorCode).toBe(0)
    // No file may be open for writing while the file system becomes read-only.
    daemon.kill('SIGKILL')
    await daemon.ended
    remount('ro')
    const refused = Daemon.spawn(data)
    expect(await refused.ended).toBe(1)
    expect(refused.err).toMatch(/^ottla broker: .*EROFS/m)
    remount('rw')
    const again = await Daemon.start(data)
    expect([...(await readAll(await again.connect(), 't')).values()]).toEqual(['a', 'b'])
  },
)
