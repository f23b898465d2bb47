/** The API for embedding: a node of a cluster in this process. */
import { hostname } from 'node:os'
import { BrokerConfig } from './broker/config/broker-config.ts'
import { Node } from './broker/node.ts'
import type { Env } from './env/env.ts'
import { nodeEnv } from './env/node.ts'

export type { Env } from './env/env.ts'
export { BrokerConfig, Node }

/**
 * Starts a node. Configuration as in Kafka's `server.properties`; what is left out is as
 * `ottla broker` has it, except that port 0 (any free port of the loopback) is taken.
 *
 * ```ts
 * const node = await startNode({ 'log.dirs': '/tmp/data' })
 * const [{ host, port }] = node.advertised
 * await node.stop()
 * ```
 *
 * @throws Error with one clear sentence when the configuration or the data cannot be used.
 */
export async function startNode(
  configuration: Readonly<Record<string, string | number | boolean>> = {},
  env: Env = nodeEnv({ level: 'warn' }),
): Promise<Node> {
  const given = Object.entries({ listeners: 'PLAINTEXT://127.0.0.1:0', ...configuration }).map(
    ([name, value]) => ({ name, value: String(value), origin: 'the caller' }),
  )
  return Node.start(env, new BrokerConfig(given, { hostName: hostname(), alone: true }))
}
