/** A process that has run out of file descriptors (L4): newcomers are turned away, the rest goes on. */
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Daemon, temporaryDirectory, until } from './daemon.ts'
import { createTopic, produce, readAll } from './requests.ts'

const descriptors = 120

test('connections beyond the descriptors are closed, those that exist are served, and it recovers', async () => {
  const daemon = await Daemon.start(temporaryDirectory(), {
    through: ['prlimit', `--nofile=${descriptors}`],
  })
  const client = await daemon.connect()
  expect(await createTopic(client, 'before')).toBe(0)
  expect((await produce(client, 'before', ['a'])).errorCode).toBe(0)
  let closed = 0
  const crowd: Socket[] = Array.from({ length: 2 * descriptors }, () => {
    const socket = connect(daemon.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => {
      closed++
    })
    return socket
  })
  await until(() => closed >= descriptors, 'the refusal of those that are too many')
  expect((await produce(client, 'before', ['b'])).errorCode).toBe(0)
  expect([...(await readAll(client, 'before')).values()]).toEqual(['a', 'b'])
  for (const socket of crowd) socket.destroy()
  const served = async () =>
    (await createTopic(await daemon.connect(), `after-${Date.now()}`)) === 0
  await until(() => served().catch(() => false), 'service of a newcomer')
  expect((await produce(client, 'before', ['c'])).errorCode).toBe(0)
  expect([...(await readAll(client, 'before')).values()]).toEqual(['a', 'b', 'c'])
  daemon.kill('SIGTERM')
  expect(await daemon.ended).toBe(0)
})
