/** Proof that the process of a broker has ended, on one machine. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CoordinatorClient } from '../../src/broker/session/coordinator-client.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'

const env = nodeEnv({ level: 'silent' })

test('a listener that still takes a connection after the kill does not hide that the process ends', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-liveness-'))
  const store = new Journal(env, directory)
  // So long that only proof ends a session within the test.
  const coordinator = await Coordinator.start(env, { store, rules: anyConfigs, leaseMs: 600_000 })
  const { port } = await coordinator.listen({ host: '127.0.0.1', port: 0 })
  const clients = createServer((socket) => {
    socket.destroy()
    clients.close()
  })
  await once(clients.listen(0, '127.0.0.1'), 'listening')
  const address = { host: '127.0.0.1', port: (clients.address() as AddressInfo).port }
  const start = (registrationMaxMs: number) =>
    CoordinatorClient.start(env, {
      dial: (handler) => env.net.connect({ host: '127.0.0.1', port }, handler),
      brokerId: 1,
      clusterId: '',
      rack: null,
      listeners: [{ name: 'PLAINTEXT', ...address, securityProtocol: 0 }],
      features: [],
      logDirs: [],
      cleanShutdown: true,
      bootId: 'A'.repeat(22),
      previousBrokerEpoch: -1,
      durable: false,
      defaultPartitions: 1,
      defaultReplicationFactor: 1,
      registrationMaxMs,
    })
  const broker = await start(Infinity)
  await broker.ready()
  broker.close()
  const isFenced = () => coordinator.image.brokers.get(1)?.fenced
  await expect.poll(isFenced, { timeout: 60_000 }).toBe(true)
  // Refused while the one before may still have a lease.
  const again = await start(0)
  expect(again.brokerEpoch).toBe(2)
  again.close()
  await coordinator.close()
  rmSync(directory, { recursive: true })
})
