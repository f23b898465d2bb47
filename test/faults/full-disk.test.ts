/** A disk without room, as a small file system in memory: needs root to mount it. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import type { RawClient } from '../broker/raw-client.ts'
import { Daemon, temporaryDirectory, until } from './daemon.ts'
import { createTopic, produce, readAll } from './requests.ts'

const isRoot = process.getuid?.() === 0
if (!isRoot)
  console.log('Skipped: only root can mount the small file system of the full-disk tests')

function smallDisk(megabytes: number): string {
  const path = temporaryDirectory()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
  onTestFinished(() => void execFileSync('umount', ['-l', path]))
  return path
}

/** Takes all the room that is left. */
function fill(path: string): void {
  try {
    for (let i = 0; ; i++)
      writeFileSync(join(path, `filler-${i}`), Buffer.alloc(i < 100 ? 65_536 : 1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

function free(path: string): void {
  execFileSync('sh', ['-c', 'rm -f "$0"/filler-*', path])
}

/** The journal's last page has some room: names of 200 characters use it up. */
async function untilRefused(client: RawClient): Promise<number | undefined> {
  for (let i = 0; ; i++) {
    const errorCode = await createTopic(client, `t${i}`.padEnd(200, 'x'), 1000)
    if (errorCode !== 0) return errorCode
  }
}

test.runIf(isRoot)(
  'D19: a full disk is answered 56, shows nothing of it, and is used again when it has room',
  async () => {
    const disk = smallDisk(8)
    const daemon = await Daemon.start(join(disk, 'data'))
    const client = await daemon.connect()
    await createTopic(client, 't')
    const kept: string[] = []
    let errorCode = 0
    for (let i = 0; errorCode === 0; i++) {
      const value = `${i} `.padEnd(300_000, 'x')
      errorCode = (await produce(client, 't', [value])).errorCode
      if (errorCode === 0) kept.push(value)
    }
    expect([errorCode, kept.length > 10]).toEqual([56, true])
    expect([...(await readAll(client, 't')).values()]).toEqual(kept)
    execFileSync('mount', ['-o', 'remount,size=16m', disk])
    expect(await produce(client, 't', ['after'])).toEqual({ errorCode: 0, baseOffset: kept.length })
    daemon.kill('SIGTERM')
    expect(await daemon.ended).toBe(0)
    const again = await Daemon.start(join(disk, 'data'))
    expect([...(await readAll(await again.connect(), 't')).values()]).toEqual([...kept, 'after'])
  },
)

test.runIf(isRoot)(
  'D19: on a full disk the coordinator refuses what grows and does the rest from its reserve; with room all goes on',
  async () => {
    const disk = smallDisk(4)
    const daemon = await Daemon.start(join(disk, 'data'))
    const client = await daemon.connect()
    await createTopic(client, 'before')
    await createTopic(client, 'before-too')
    await produce(client, 'before', ['a'])
    fill(disk)
    expect(await untilRefused(client)).toBe(56)
    const { producerId, ...outcome } = await client.ask(InitProducerId, 4, {
      ...{ transactionalId: null, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 },
    })
    expect([outcome.errorCode, producerId]).toEqual([0, expect.any(Number)])
    const deleted = await client.ask(DeleteTopics, 5, {
      topicNames: ['before-too'],
      timeoutMs: 1000,
    })
    expect(deleted.responses).toMatchObject([{ name: 'before-too', errorCode: 0 }])
    expect([...(await readAll(client, 'before')).values()]).toEqual(['a'])
    free(disk)
    await until(async () => (await createTopic(client, `after-${Date.now()}`)) === 0, 'a new topic')
    expect((await produce(client, 'before', ['b'])).errorCode).toBe(0)
  },
)

test.runIf(isRoot)('a node whose disk is full can be stopped', async () => {
  const disk = smallDisk(4)
  const daemon = await Daemon.start(join(disk, 'data'))
  const client = await daemon.connect()
  await createTopic(client, 'before')
  fill(disk)
  const errorCode = await untilRefused(client)
  daemon.kill('SIGTERM')
  const ended = await daemon.ended
  free(disk)
  const again = await Daemon.start(join(disk, 'data'))
  expect([errorCode, ended]).toEqual([56, 0])
  expect((await produce(await again.connect(), 'before', ['b'])).errorCode).toBe(0)
})
