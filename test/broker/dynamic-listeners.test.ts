/** `listeners` and `listener.security.protocol.map` of a broker that runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { alterConfigs } from '../../src/client/admin/configs.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { RawClient } from './raw-client.ts'
import { isServed } from './server-alone.ts'
import { startTestNode } from './test-node.ts'

async function start() {
  const node = await startTestNode({ listeners: 'PLAINTEXT://127.0.0.1:0' })
  const cluster = new Cluster(nodeEnv({ level: 'silent' }), {
    bootstrap: [{ host: '127.0.0.1', port: node.port }],
  })
  onTestFinished(async () => {
    await cluster.close()
    await node.stop()
  })
  const { server, nodeId } = node.node.broker!
  const alter = async (values: Record<string, string | null>, name = String(nodeId)) => {
    const changes = Object.entries(values).map(([key, value]) => ({
      ...{ name: key, value, operation: value === null ? ('delete' as const) : ('set' as const) },
    }))
    const { error } = await alterConfigs(cluster, { type: 'broker', name }, changes)
    return error?.message
  }
  const until = async (names: string[]) => {
    while ([...server.ports.keys()].join() !== names.join()) await sleep(5)
  }
  return { server, alter, until }
}

const map = (...names: string[]) => names.map((name) => `${name}:PLAINTEXT`).join(',')
const own = 'PLAINTEXT://127.0.0.1:0'

test('a listener is opened and closed, with its connections, while the broker runs', async () => {
  const { server, alter, until } = await start()
  const added = {
    listeners: `${own},EXTRA://127.0.0.1:0`,
    'listener.security.protocol.map': map('PLAINTEXT', 'EXTRA'),
  }
  expect(await alter(added)).toBe(undefined)
  await until(['PLAINTEXT', 'EXTRA'])
  const extra = await RawClient.connect(server.ports.get('EXTRA')!)
  const usual = await RawClient.connect(server.ports.get('PLAINTEXT')!)
  expect([await isServed(extra), await isServed(usual)]).toEqual([true, true])
  const deleted = { listeners: null, 'listener.security.protocol.map': null }
  expect(await alter(deleted)).toBe(undefined)
  await until(['PLAINTEXT'])
  await extra.untilClosed()
  expect(await isServed(usual)).toBe(true)
  usual.destroy()
})

/** Each as Kafka 4.3.1 words it, except the last, which it would serve. */
test('what could not be listened on is refused, and nothing changes', async () => {
  const { server, alter } = await start()
  const protocols = 'listener.security.protocol.map'
  const answers = [
    await alter({ listeners: 'OTHER://127.0.0.1:0', [protocols]: map('PLAINTEXT', 'OTHER') }),
    await alter({ listeners: `${own},OTHER://127.0.0.1:0` }),
    await alter({ [protocols]: 'PLAINTEXT:SSL' }),
    await alter({
      listeners: `${own},OTHER://127.0.0.1:0`,
      [protocols]: `${map('PLAINTEXT')},OTHER:SSL`,
    }),
  ]
  const said = [
    'requirement failed: advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found PLAINTEXT. The valid options based on the current configuration are OTHER',
    `Error creating broker listeners from '[${own}, OTHER://127.0.0.1:0]': No security protocol defined for listener OTHER`,
    'Invalid value org.apache.kafka.common.config.ConfigException: Security protocol cannot be updated for existing listener ListenerName(PLAINTEXT) for configuration Invalid dynamic configuration',
    'Listener OTHER has the security protocol SSL, which this version of Ottla does not serve: only PLAINTEXT',
  ]
  for (const [i, text] of said.entries()) expect(answers[i]).toContain(text)
  expect([...server.ports.keys()]).toEqual(['PLAINTEXT'])
})
