/** A coordinator and several brokers in this process, each on a port of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTopics } from '../../src/client/admin/topics.ts'
import { Cluster } from '../../src/client/cluster.ts'
import type { ClusterImage, PartitionImage } from '../../src/core/cluster/image.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { type Node, startNode } from '../../src/index.ts'

type Configs = Record<string, string | number | boolean>

const waitMaxMs = 60_000

export class EmbeddedCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'ottla-embedded-'))
  readonly brokers = new Map<number, Node>()
  coordinator!: Node
  readonly #configs: Configs
  readonly #own: Readonly<Record<number, Configs>>
  readonly #bootstrap: { host: string; port: number }[] = []

  /** `own`: configurations of single brokers. */
  private constructor(configs: Configs, own: Readonly<Record<number, Configs>>) {
    this.#configs = configs
    this.#own = own
  }

  static async start(
    brokers: number,
    configs: Configs = {},
    own: Readonly<Record<number, Configs>> = {},
  ): Promise<EmbeddedCluster> {
    const cluster = new EmbeddedCluster(configs, own)
    cluster.coordinator = await cluster.#startCoordinator()
    for (let id = 1; id <= brokers; id++) await cluster.startBroker(id)
    return cluster
  }

  /** `host:port` for tools. */
  get bootstrap(): string {
    return this.#bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
  }

  /** As the coordinator has it. */
  get image(): ClusterImage {
    return this.coordinator.coordinator!.image
  }

  partition(topic: string, partition = 0): PartitionImage {
    const found = this.image.topic(topic)?.partitions[partition]
    if (found === undefined) throw new Error(`There is no ${topic}-${partition}`)
    return found
  }

  broker(id: number): Node {
    const node = this.brokers.get(id)
    if (node === undefined) throw new Error(`There is no broker ${id}`)
    return node
  }

  /** With a client of its own: brokers come and go. */
  async withClient<T>(run: (client: Cluster) => Promise<T>): Promise<T> {
    const client = new Cluster(nodeEnv({ level: 'silent' }), { bootstrap: [...this.#bootstrap] })
    try {
      return await run(client)
    } finally {
      client.close()
    }
  }

  /** A topic with these replicas, all of them in sync. */
  async createTopic(
    name: string,
    assignment: number[][],
    configs: Record<string, string> = {},
  ): Promise<void> {
    const topic = { name, assignment, configs: new Map(Object.entries(configs)) }
    const [created] = await this.withClient((client) => createTopics(client, [topic]))
    if (created?.error) throw created.error
    await this.settled(name)
  }

  /** Everybody is in sync, and nothing moves. */
  settled(topic: string): Promise<void> {
    const { partitions } = this.image.topic(topic)!
    return this.until(`${topic} has settled`, () =>
      partitions.every(
        ({ isr, replicas, addingReplicas, removingReplicas, leader }) =>
          isr.length === replicas.length &&
          addingReplicas.length + removingReplicas.length === 0 &&
          leader !== -1,
      ),
    )
  }

  async startBroker(id: number): Promise<Node> {
    const { port } = this.coordinator.coordinator!.listening[0]!
    const node = await startNode({
      'process.roles': 'broker',
      'node.id': id,
      'coordinator.servers': `127.0.0.1:${port}`,
      'log.dirs': join(this.directory, `broker-${id}`),
      'offsets.topic.num.partitions': 1,
      ...this.#configs,
      ...this.#own[id],
    })
    this.brokers.set(id, node)
    this.#bootstrap.push({ host: '127.0.0.1', port: node.advertised[0]!.port })
    return node
  }

  async stopBroker(id: number): Promise<void> {
    const node = this.broker(id)
    this.brokers.delete(id)
    const gone = node.advertised[0]!.port
    this.#bootstrap.splice(
      this.#bootstrap.findIndex(({ port }) => port === gone),
      1,
    )
    await node.stop()
  }

  /** Waits for a condition of the cluster; the limit is for tests that fail. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + waitMaxMs
    while (!(await holds())) {
      if (performance.now() > deadlineMs) throw new Error(`Not within ${waitMaxMs} ms: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async stop(): Promise<void> {
    for (const node of [...this.brokers.values()]) await node.stop()
    await this.coordinator.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** On the same port; `between` runs while it is down. */
  async restartCoordinator(between: () => void | Promise<void> = () => {}): Promise<void> {
    const { port } = this.coordinator.coordinator!.listening[0]!
    await this.coordinator.stop()
    await between()
    this.coordinator = await this.#startCoordinator(port)
  }

  #startCoordinator(port = 0): Promise<Node> {
    return startNode({
      'process.roles': 'controller',
      'node.id': 100,
      listeners: `CONTROLLER://127.0.0.1:${port}`,
      'controller.listener.names': 'CONTROLLER',
      // A machine that is busy with other tests must not look like a failure.
      'lease.duration.ms': 10_000,
      'log.dirs': join(this.directory, 'coordinator'),
      ...this.#configs,
    })
  }
}
