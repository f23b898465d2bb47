/** Limits on connections that change while the broker runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { RawClient } from './raw-client.ts'
import { isServed, ServerAlone } from './server-alone.ts'
import { startTestNode } from './test-node.ts'

async function start(configuration: Record<string, string> = {}) {
  const node = await startTestNode(configuration)
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: node.port }],
  })
  onTestFinished(async () => {
    await cluster.close()
    await node.stop()
  })
  const { server } = node.node.broker!
  const set = async (name: string, value: string | null) => {
    const change = { name, value, operation: value === null ? 'delete' : 'set' } as const
    const { error } = await alterConfigs(cluster, { type: 'broker', name: '' }, [change])
    expect([name, error]).toEqual([name, undefined])
  }
  /** Whether one more is let in; it is gone afterwards. */
  const isLetIn = async (port = node.port) => {
    const before = server.connectionCount
    const client = await RawClient.connect(port)
    const served = await isServed(client)
    client.destroy()
    while (server.connectionCount > before) await sleep(5)
    return served
  }
  const untilLetIn = async (letIn: boolean, port?: number) => {
    while ((await isLetIn(port)) !== letIn) await sleep(5)
  }
  return { node, set, untilLetIn, connections: () => server.connectionCount }
}

test('max.connections, max.connections.per.ip and its overrides count for who comes next', async () => {
  const { set, untilLetIn, connections } = await start()
  await untilLetIn(true)
  await set('max.connections', `${connections()}`)
  await untilLetIn(false)
  await set('max.connections', null)
  await untilLetIn(true)
  await set('max.connections.per.ip', `${connections()}`)
  await untilLetIn(false)
  await set('max.connections.per.ip.overrides', '127.0.0.1:100')
  await untilLetIn(true)
})

test('a listener has a limit of its own', async () => {
  const { node, set, untilLetIn } = await start({
    listeners: 'PLAINTEXT://127.0.0.1:0,OTHER://127.0.0.1:0',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT',
  })
  const other = node.node.broker!.server.ports.get('OTHER')!
  await untilLetIn(true, other)
  await set('listener.name.other.max.connections', '0')
  await untilLetIn(false, other)
  await untilLetIn(true)
})

test('who comes faster than max.connection.creation.rate is served later', async () => {
  const server = await ServerAlone.start({ 'max.connection.creation.rate': '2' })
  const clients = []
  for (let i = 0; i < 4; i++) clients.push(await server.connect())
  const answered = [false, false, false, false]
  for (const [i, client] of clients.entries())
    void isServed(client).then((served) => {
      answered[i] = served
    })
  const settled = async (count: number) => {
    while (answered.filter(Boolean).length < count) await sleep(5)
    await sleep(50)
    return [...answered]
  }
  expect(await settled(2)).toEqual([true, true, false, false])
  server.pass(500)
  expect(await settled(3)).toEqual([true, true, true, false])
  server.pass(500)
  expect(await settled(4)).toEqual([true, true, true, true])
})

test('a rate of connections that is set counts for who comes next', async () => {
  const { node, set } = await start()
  const { admission } = node.node.broker!.server
  expect(admission.waitMs('PLAINTEXT')).toBe(0)
  await set('max.connection.creation.rate', '1')
  const waits = () => [1, 2, 3].map(() => admission.waitMs('PLAINTEXT'))
  while (waits()[2] === 0) await sleep(5)
  // Nobody is locked out, by a rate of 0 either.
  await set('max.connection.creation.rate', '0')
  while (waits()[2] !== 11_000) await sleep(5)
})
