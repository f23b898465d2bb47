/**
 * A disk whose syncs fail (EIO, by strace): what they were for is never acknowledged (D17). Where there is
 * no strace, vitest.faults.config.ts leaves this file out and says why.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, sound, until } from '../cluster/faulted.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'

const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

/** From when it resolves on, every sync of the process fails. */
async function failSyncs(processId: number): Promise<ChildProcess> {
  const inject = '-einject=fsync,fdatasync:error=EIO'
  const args = ['-f', '-o', '/dev/null', '-etrace=fsync,fdatasync', inject, '-p', `${processId}`]
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  tracer.stderr?.on('data', (chunk) => {
    said += chunk
  })
  await until(() => /attached/.test(said) || tracer.exitCode !== null, 'strace')
  if (tracer.exitCode !== null) throw new Error(`strace: ${said}`)
  return tracer
}

test('a leader whose disk does not sync acknowledges nothing more and is replaced', async () => {
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
