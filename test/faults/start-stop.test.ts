/** How the daemon ends: a code that a script can use, one sentence that a person can, and no data lost. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Daemon, temporaryDirectory, until } from './daemon.ts'
import { createTopic, produce, readAll } from './requests.ts'

/** What it said without the log's own lines. */
const complaints = ({ err }: Daemon) =>
  err.split('\n').filter((line) => /^ottla broker: [^{]/.test(line))

test('SIGTERM stops it cleanly with 0, and the next start has everything', async () => {
  const directory = temporaryDirectory()
  const first = await Daemon.start(directory)
  const client = await first.connect()
  await createTopic(client, 't')
  await produce(client, 't', ['a', 'b'])
  first.kill('SIGTERM')
  expect([await first.ended, complaints(first)]).toEqual([0, []])
  const second = await Daemon.start(directory)
  expect([...(await readAll(await second.connect(), 't')).values()]).toEqual(['a', 'b'])
})

test('SIGINT stops it cleanly too', async () => {
  const daemon = await Daemon.start(temporaryDirectory())
  daemon.kill('SIGINT')
  expect(await daemon.ended).toBe(0)
})

test('D15: a directory that another process holds is refused in one sentence', async () => {
  const directory = temporaryDirectory()
  const holder = await Daemon.start(directory)
  const second = Daemon.spawn(directory)
  expect(await second.ended).toBe(1)
  expect(complaints(second)).toEqual([
    `ottla broker: Data directory ${directory}/__cluster_metadata-0 is in use by another process (pid ${holder.child.pid})`,
  ])
  const client = await holder.connect()
  expect(await createTopic(client, 't')).toBe(0)
})

test('a port that is taken is told, with 1', async () => {
  const holder = await Daemon.start(temporaryDirectory())
  const second = Daemon.spawn(temporaryDirectory(), { port: holder.port })
  expect(await second.ended).toBe(1)
  expect(complaints(second)).toEqual([
    `ottla broker: Port ${holder.port} of 127.0.0.1 is taken by another process; --port takes another one`,
  ])
})

async function stopped(directory: string): Promise<void> {
  const daemon = await Daemon.start(directory)
  daemon.kill('SIGTERM')
  await daemon.ended
}

test("D16: another cluster's directory is refused with both ids, and is not touched", async () => {
  const directory = temporaryDirectory()
  await stopped(directory)
  const path = join(directory, 'meta.properties')
  const before = readFileSync(path, 'utf8')
  const [, own] = /cluster\.id=(\S+)/.exec(before) ?? []
  const other = Buffer.alloc(16, 7).toString('base64url')
  const daemon = Daemon.spawn(directory, { overrides: [`cluster.id=${other}`] })
  expect(await daemon.ended).toBe(1)
  expect(complaints(daemon)).toHaveLength(1)
  expect([
    complaints(daemon)[0]?.includes(`${own}`),
    complaints(daemon)[0]?.includes(other),
  ]).toEqual([true, true])
  expect(readFileSync(path, 'utf8')).toBe(before)
})

test("D16: another node's directory is refused with both ids", async () => {
  const directory = temporaryDirectory()
  await stopped(directory)
  const daemon = Daemon.spawn(directory, { overrides: ['node.id=7'] })
  expect(await daemon.ended).toBe(1)
  expect(complaints(daemon)).toEqual([
    `ottla broker: Data directory ${directory} belongs to node 1, not to 7`,
  ])
})

test('D16: a directory of a later release is refused with both versions', async () => {
  const directory = temporaryDirectory()
  await stopped(directory)
  const path = join(directory, 'meta.properties')
  writeFileSync(path, readFileSync(path, 'utf8').replace('version=1', 'version=9'))
  const daemon = Daemon.spawn(directory)
  expect(await daemon.ended).toBe(1)
  expect(complaints(daemon)).toEqual([
    `ottla broker: Data directory ${directory} has format version 9; this release knows 0 and 1`,
  ])
})

test('a frozen daemon that goes on serves as before', async () => {
  const daemon = await Daemon.start(temporaryDirectory())
  const client = await daemon.connect()
  await createTopic(client, 't')
  expect(await produce(client, 't', ['a'])).toEqual({ errorCode: 0, baseOffset: 0 })
  daemon.kill('SIGSTOP')
  const late = produce(client, 't', ['b'])
  await new Promise((resolve) => setTimeout(resolve, 3000))
  daemon.kill('SIGCONT')
  // Its lease has ended: it may refuse once, and must not acknowledge what is lost.
  const { errorCode } = await late
  await until(async () => (await produce(client, 't', ['c'])).errorCode === 0, 'service')
  const values = [...(await readAll(client, 't')).values()]
  expect(values.slice(0, 1)).toEqual(['a'])
  expect(values.filter((value) => value === 'b').length).toBeGreaterThanOrEqual(
    errorCode === 0 ? 1 : 0,
  )
  expect(values.at(-1)).toBe('c')
})
