/**
 * A disk whose syncs fail (EIO, by strace): what they were for is never acknowledged (D17). One that cannot be read
 * in places costs what lies there (D18), a slow one nothing but time (D20). Where there is no strace,
 * vitest.faults.config.ts leaves this file out and says why.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, sound } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { failReads, failSyncs, slowSyncs } from '../cluster/strace.ts'
import { Daemon, temporaryDirectory } from './daemon.ts'
import { createTopic, produce, readAll } from './requests.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

test('D17: a leader whose disk does not sync acknowledges nothing more and is replaced', async () => {
  const faulted = await Faulted.start(cluster, 'unsynced', { configs: { 'flush.messages': '1' } })
  const victim = await faulted.leader()
  const server = cluster.brokers.get(victim)!
  const tracer = await failSyncs(server.process.pid!)
  try {
    await faulted.successorOf(victim)
    await faulted.acknowledged()
  } finally {
    tracer.kill('SIGKILL')
  }
  const [failure] = / ERROR .*EIO.*/.exec(server.output.join('')) ?? []
  expect(failure).toBeDefined()
  // With a new start it reads what is really there.
  await cluster.kill(victim)
  await cluster.startBroker(victim)
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('D20: a leader whose syncs take two seconds goes on leading, and acknowledges late', async () => {
  // So few that they do not pile up: five are out at a time.
  const options = { perSecond: 1, configs: { 'flush.messages': '1' } }
  const faulted = await Faulted.start(cluster, 'slow', options)
  const before = [await faulted.leader(), await faulted.leaderEpoch()]
  const tracer = await slowSyncs(cluster.brokers.get(before[0]!)!.process.pid!, 2000)
  try {
    for (let i = 0; i < 3; i++) await faulted.acknowledged()
    expect([await faulted.leader(), await faulted.leaderEpoch()]).toEqual(before)
  } finally {
    tracer.kill('SIGKILL')
  }
  expect(await faulted.outcome()).toEqual(sound)
}, 180_000)

test('D18: a segment that cannot be read answers 2, and the rest is served', async () => {
  const directory = temporaryDirectory()
  const overrides = ['log.segment.bytes=1048576']
  const first = await Daemon.start(directory, { overrides })
  const client = await first.connect()
  await createTopic(client, 't')
  const values = Array.from({ length: 5 }, (_, i) => `${i} `.padEnd(600_000, 'x'))
  for (const value of values) expect((await produce(client, 't', [value])).errorCode).toBe(0)
  first.kill('SIGTERM')
  await first.ended
  const daemon = await Daemon.start(directory, { overrides })
  const again = await daemon.connect()
  const tracer = await failReads(daemon.child.pid!, `${directory}/t-0/${'1'.padStart(20, '0')}.log`)
  try {
    await expect(readAll(again, 't', 1)).rejects.toThrow('Fetch of t at 1 answers 2')
    expect([...(await readAll(again, 't', 2)).values()]).toEqual(values.slice(2))
    await expect(readAll(again, 't')).rejects.toThrow('Fetch of t at 1 answers 2')
    expect(await produce(again, 't', ['after'])).toEqual({ errorCode: 0, baseOffset: 5 })
  } finally {
    tracer.kill('SIGKILL')
  }
  expect([...(await readAll(again, 't')).values()]).toEqual([...values, 'after'])
}, 120_000)
