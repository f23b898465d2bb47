/**
 * Kafka's tools for what concerns replicas, on three brokers of Ottla and on three of Kafka: the same
 * command lines (kafka-tools-replicas.ts), in their order, with the third broker there, stopped, and back.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KafkaCluster } from '../../bench/kafka-cluster.ts'
import type { FaultyCluster } from '../../src/cli/bench/failover/local-cluster.ts'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import type { ToolCommand } from './kafka-tools-commands.ts'
import { allThree, moves, thirdBack, thirdStopped } from './kafka-tools-replicas.ts'
import { until } from './process.ts'
import { type Result, runTool, type Side } from './tool-comparison.ts'
import { startToolRunner } from './tool-runner.ts'

/** The same for both; leaders move back only where a command line says so. */
const configs = [
  'default.replication.factor=3',
  'offsets.topic.replication.factor=3',
  'auto.leader.rebalance.enable=false',
]
const directory = mkdtempSync(join(tmpdir(), 'ottla-three-'))
let clusters: FaultyCluster[] = []
let sides: Side[] = []

const sideOf = ({ bootstrap }: FaultyCluster): Side => ({
  bootstrap: `127.0.0.1:${bootstrap[0]!.port}`,
  addresses: new Map(bootstrap.map(({ port }, i) => [`127.0.0.1:${port}`, `NODE${i + 1}`])),
  runner: startToolRunner(),
})

beforeAll(async () => {
  const port = await freePort(30)
  clusters = [
    new LocalCluster({ configs }),
    new KafkaCluster({ directory, port, configs, heap: '384m' }),
  ]
  const started = await Promise.allSettled(clusters.map((cluster) => cluster.start(3)))
  for (const one of started) if (one.status === 'rejected') throw one.reason
  sides = clusters.map(sideOf)
}, 180_000)
afterAll(async () => {
  for (const { runner } of sides) await runner.close()
  for (const cluster of clusters) await cluster.close()
  rmSync(directory, { recursive: true, force: true })
})

/** What Kafka's tool proposes begins at a random broker. */
function withoutOrder({ args }: ToolCommand, { exit, lines }: Result): Result {
  if (!args.includes('--generate')) return { exit, lines }
  const sorted = (list: string) => list.split(',').sort().join(',')
  const order = /("replicas":\[)([\d,]+)/g
  return {
    exit,
    lines: lines.map((line) => line.replace(order, (_, name, list) => name + sorted(list))),
  }
}

const onlyShows = ({ tool, args }: ToolCommand) =>
  tool === 'get-offsets' || ['--describe', '--list', '--verify'].some((flag) => args.includes(flag))
const patienceMs = 60_000

/** Both take a moment to move, to stop, to come back: where something is only shown, what they say in the end counts. */
async function settled(command: ToolCommand): Promise<Result[]> {
  const ask = async (side: Side) => withoutOrder(command, await runTool(command, side))
  const endMs = Date.now() + patienceMs
  for (;;) {
    const results = await Promise.all(sides.map(ask))
    const same = isDeepStrictEqual(results[0], results[1])
    if (same || !onlyShows(command) || Date.now() > endMs) return results
  }
}

/** Resolves when each partition of each cluster has this to say of its replicas in sync, asked at the first broker. */
async function untilInSync(what: string, holds: (isr: number[], replicas: number[]) => boolean) {
  const others = async ({ bootstrap }: FaultyCluster) => {
    const client = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap: [bootstrap[0]!] })
    try {
      const topics = await client.refresh('all')
      return topics.flatMap(({ name, partitions }) =>
        partitions
          .filter(({ isr, replicas }) => !holds([...isr], [...replicas]))
          .map(
            ({ partition, leader, isr, replicas }) =>
              `${name}-${partition} leader ${leader} isr ${isr} of ${replicas}`,
          ),
      )
    } catch (error) {
      return [`${error}`]
    } finally {
      client.close()
    }
  }
  for (const [i, cluster] of clusters.entries()) {
    let last: string[] = []
    await until(
      () => `${what} (${['Ottla', 'Kafka'][i]}: ${last.join('; ')})`,
      async () => {
        last = await others(cluster)
        return last.length === 0
      },
      90_000,
    )
  }
}

const group = (name: string, commands: readonly ToolCommand[], before?: () => Promise<unknown>) =>
  describe(name, () => {
    beforeAll(async () => void (await before?.()))
    for (const command of commands)
      test([command.tool, ...command.args].join(' '), async () => {
        const [ours, theirs] = await settled(command)
        expect(ours).toEqual(theirs)
      })
  })

group('three brokers', allThree)
group('moves', moves)
group('the third broker stopped', thirdStopped, async () => {
  await Promise.all(clusters.map((cluster) => cluster.stopBroker(3)))
  await untilInSync('No replica of the third in sync', (isr) => !isr.includes(3))
})
group('the third broker back', thirdBack, async () => {
  await Promise.all(clusters.map((cluster) => cluster.startBroker(3)))
  await untilInSync('All in sync', (isr, replicas) => isr.length === replicas.length)
})
