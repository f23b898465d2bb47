/** `connect-check` names the step that fails and what to change; with a real Kafka's TLS and SASL: test/clients/security.test.ts. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000 })

let cli: Bundled
const nodes: TestNode[] = []
beforeAll(async () => {
  cli = await bundleCli()
})
afterAll(async () => {
  cli?.remove()
  for (const node of nodes) await node.stop()
})

async function node(configs: Record<string, string> = {}): Promise<TestNode> {
  const started = await startTestNode(configs)
  nodes.push(started)
  return started
}

/** One that advertises another address than that at which it listens; the port of the latter. */
async function advertising(address: string): Promise<number> {
  const port = await freePort()
  const listeners = `PLAINTEXT://127.0.0.1:${port}`
  await node({ listeners, 'advertised.listeners': `PLAINTEXT://${address}` })
  return port
}

/** Each step, and the advice of the last. */
async function check(port: number, ...more: string[]) {
  const there = ['-b', `127.0.0.1:${port}`, ...more]
  const { exit, stdout } = await cli.run(['connect-check', ...there, '--format', 'json'])
  const { ok, steps } = JSON.parse(stdout)
  const walked = steps.map(
    (step: any) => `${step.ok ? 'ok' : 'FAILED'} ${step.step} ${step.address}`,
  )
  return { exit, ok, walked, advice: steps.at(-1).advice, steps }
}

test('a broker that is as it should be passes every step', async () => {
  const { port } = await node()
  const at = `127.0.0.1:${port}`
  expect(await check(port)).toMatchObject({
    ...{ exit: 0, ok: true },
    walked: [`ok resolve ${at}`, `ok connect ${at}`, `ok kafka ${at}`, `ok metadata ${at}`],
  })
})

test('an advertised port on which nobody listens is named, and where it is set', async () => {
  const port = await advertising('127.0.0.1:1')
  const { exit, walked, advice } = await check(port)
  expect([exit, ...walked.slice(-2), advice]).toEqual([
    1,
    'ok resolve 127.0.0.1:1',
    'FAILED connect 127.0.0.1:1',
    'Nothing listens on port 1 of 127.0.0.1: is the broker running, is the port right? This address is advertised by the broker: set its advertised.listeners to one that clients can reach',
  ])
})

test('an advertised name that nobody knows is named, and where it is set', async () => {
  const host = 'kafka-inside.invalid'
  const port = await advertising(`${host}:9092`)
  const { exit, walked, advice } = await check(port)
  expect([exit, walked.at(-1), advice]).toEqual([
    1,
    `FAILED resolve ${host}:9092`,
    `The name ${host} is not known here: check it, your DNS and /etc/hosts. This address is advertised by the broker: set its advertised.listeners to one that clients can reach`,
  ])
})

test('TLS and SASL for a listener that has neither', async () => {
  const { port } = await node()
  const tls = await check(port, '-X', 'security.protocol=SSL')
  const login = ['sasl.mechanism=PLAIN', 'sasl.username=u', 'sasl.password=p']
  const given = ['security.protocol=SASL_PLAINTEXT', ...login].flatMap((one) => ['-X', one])
  const sasl = await check(port, ...given)
  const at = `127.0.0.1:${port}`
  expect([tls, sasl].map(({ exit, walked, advice }) => [exit, walked.at(-1), advice])).toEqual([
    [
      1,
      `FAILED tls ${at}`,
      'The port does not speak TLS: set security.protocol=PLAINTEXT (or SASL_PLAINTEXT)',
    ],
    [
      1,
      `FAILED sasl ${at}`,
      'This listener does not use SASL: set security.protocol to PLAINTEXT or SSL.',
    ],
  ])
})

test('people are told the same in lines', async () => {
  const port = await advertising('127.0.0.1:1')
  const { exit, stdout } = await cli.run(['connect-check', '-b', `127.0.0.1:${port}`])
  const lines = stdout.trimEnd().split('\n')
  expect([exit, lines.length, lines.at(-2), lines.at(-1)]).toEqual([
    1,
    7,
    expect.stringMatching(/^FAILED {2}connect {5}127\.0\.0\.1:1 {2}.*ECONNREFUSED/),
    expect.stringContaining('set its advertised.listeners'),
  ])
})
