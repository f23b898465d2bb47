/** The listeners of a broker that is in no cluster, in a time that the test moves. */
import { onTestFinished } from 'vitest'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { Broker } from '../../src/broker/broker.ts'
import { BrokerConfig } from '../../src/broker/config/broker-config.ts'
import type { Env } from '../../src/env/env.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { temporaryDirectory } from '../log/temporary-disk.ts'
import { RawClient } from './raw-client.ts'

export class ServerAlone {
  readonly broker: Broker
  /** What was logged, without its time. */
  readonly lines: string[]
  readonly #move: (ms: number) => void

  private constructor(broker: Broker, lines: string[], move: (ms: number) => void) {
    this.broker = broker
    this.lines = lines
    this.#move = move
  }

  static async start(configuration: Record<string, string> = {}): Promise<ServerAlone> {
    const lines: string[] = []
    const real = nodeEnv({ level: 'debug', write: (line) => lines.push(line.replace(/^\S+ /, '')) })
    const due: { atMs: number; run: () => void }[] = []
    let nowMs = 1000
    const env: Env = {
      ...real,
      clock: { monotonicMs: () => nowMs, wallMs: real.clock.wallMs },
      timers: {
        soon: real.timers.soon,
        after(delayMs, run) {
          const timer = { atMs: nowMs + delayMs, run }
          due.push(timer)
          return { cancel: () => void due.splice(due.indexOf(timer) >>> 0, 1) }
        },
      },
    }
    const directory = temporaryDirectory()
    const logs = await LogManager.open(env, {
      directories: [directory],
      clusterId: 'c',
      nodeId: 1,
      configOf: () => defaultLogConfig,
    })
    const given = Object.entries({
      'log.dirs': directory,
      listeners: 'PLAINTEXT://127.0.0.1:0',
      ...configuration,
    }).map(([name, value]) => ({ name, value, origin: 'the test' }))
    const broker = new Broker(env, new BrokerConfig(given, { hostName: 'h', alone: true }), logs)
    await broker.server.bind(broker.config.endpoints.listeners)
    broker.server.open()
    onTestFinished(async () => {
      await broker.server.close()
      await logs.close()
    })
    return new ServerAlone(broker, lines, (ms) => {
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs = Math.min(endMs, ...due.map(({ atMs }) => atMs))
        for (const timer of due.filter(({ atMs }) => atMs <= nowMs)) {
          due.splice(due.indexOf(timer), 1)
          timer.run()
        }
      }
    })
  }

  /** Lets time go by. */
  pass(ms: number): void {
    this.#move(ms)
  }

  get port(): number {
    return this.broker.server.ports.get('PLAINTEXT') ?? 0
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port)
  }
}

/** A request that a broker answers without a cluster: it refuses the name of the software. */
export function smallest(client: RawClient): Buffer {
  return client.encode(ApiVersions, 3, { clientSoftwareName: '-', clientSoftwareVersion: '-' })
}

/** Whether the connection is served. Everything sent before has arrived by then. */
export async function isServed(client: RawClient): Promise<boolean> {
  client.send(smallest(client))
  return (await client.frame()) !== undefined
}
