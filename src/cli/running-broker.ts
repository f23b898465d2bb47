/** A daemon from its start to its end: what it prints, and which signal does what. */
import { relative, resolve } from 'node:path'
import type { BrokerConfig } from '../broker/config/broker-config.ts'
import { type Endpoint, printEndpoint } from '../broker/config/listeners.ts'

/** A node of the cluster in this process. */
export interface RunningNode {
  readonly clusterId: string
  /** What clients are told to connect to, with the ports that were bound. */
  readonly advertised: readonly Endpoint[]
  /** Hands over what it leads, flushes, closes. */
  stop(): Promise<void>
  /** What is going on, for SIGUSR2. */
  describe?(): object
}

/** The harnesses that were written for Kafka wait for a line with these words. */
export function startedLine(nodeId: number): string {
  return `[KafkaRaftServer nodeId=${nodeId}] Kafka Server started`
}

/** What a person wants to know after a start. `command`: how to call this program again. */
export function banner(config: BrokerConfig, node: RunningNode, command: string): string {
  const [first] = node.advertised
  const address = first ? hostAndPort(first) : ''
  const others = node.advertised.slice(1).map(printEndpoint)
  const bootstrap = first?.port === 9092 ? '' : ` -b ${address}`
  return [
    '',
    `Ottla serves Kafka clients at ${address}${others.length > 0 ? ` and ${others.join(', ')}` : ''}`,
    `  data        ${config.logDirs.map((dir) => resolve(dir)).join(', ')}`,
    `  cluster id  ${node.clusterId}`,
    '',
    'Try in another terminal:',
    `  ${command} topics${bootstrap} create hello`,
    `  echo 'hello, world' | ${command} produce${bootstrap} hello`,
    `  ${command} consume${bootstrap} hello --from-beginning`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n')
}

function hostAndPort({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** How this program was called: by its own name, or as a script. */
export function calledAs(script: string, workingDirectory: string): string {
  if (!script.endsWith('.js') && !script.endsWith('.ts')) return 'ottla'
  const path = relative(workingDirectory, script)
  return `node ${path === '' || path.startsWith('..') ? script : path}`
}

/** Resolves with the exit code when a signal has ended the node. */
export function untilStopped(
  node: RunningNode,
  signals: NodeJS.EventEmitter,
  report: (line: string) => void,
): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false
    const onSignal = (signal: string) => {
      if (stopping) return resolve(signal === 'SIGTERM' ? 143 : 130)
      stopping = true
      node.stop().then(
        () => resolve(0),
        (error: unknown) => {
          report(`It did not stop cleanly: ${error instanceof Error ? error.message : error}`)
          resolve(1)
        },
      )
    }
    signals.on('SIGINT', onSignal)
    signals.on('SIGTERM', onSignal)
    signals.on('SIGUSR2', () => report(JSON.stringify(node.describe?.() ?? {}, null, 2)))
  })
}
