/** A producer that goes on through faults, and a reader of everything at the end. */
import { SteadyLoad } from '../../src/cli/bench/failover/steady-load.ts'
import { Cluster } from '../../src/client/cluster.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { FetchedRecords } from '../../src/client/fetched-records.ts'
import { nodeEnv } from '../../src/env/node.ts'
import type { Read } from './history.ts'

type Bootstrap = readonly { readonly host: string; readonly port: number }[]

export class Workload extends SteadyLoad {
  readonly #cluster: Cluster

  constructor(bootstrap: Bootstrap, topic: string, partitions: number, perSecond: number) {
    const cluster = new Cluster(nodeEnv({ level: 'error' }), { bootstrap })
    super(cluster, topic, partitions, perSecond)
    this.#cluster = cluster
  }

  /** Stops, waits for what is out. */
  async finish(): Promise<void> {
    await this.stop()
    this.#cluster.close()
  }
}

/** All of the topic, from the start to what was its end when it was asked. */
export async function readAll(
  bootstrap: Bootstrap,
  topic: string,
  partitions: number,
): Promise<Read[]> {
  const cluster = new Cluster(nodeEnv({ level: 'error' }), { bootstrap })
  const consumer = new Consumer(cluster)
  const reads: Read[] = []
  const ended = new Set<number>()
  for (let partition = 0; partition < partitions; partition++)
    await consumer.assign(topic, partition, 0)
  const deadline = performance.now() + 90_000
  while (ended.size < partitions && performance.now() < deadline) {
    const fetched = await consumer.poll(500)
    if (fetched === undefined) continue
    const records = new FetchedRecords(fetched)
    while (records.next()) {
      const { record } = records
      const value = record.bytes
        .subarray(record.valueStart, record.valueStart + record.valueLength)
        .toString()
      reads.push({ partition: fetched.partition, offset: records.offset, value })
    }
    if (fetched.atEnd) ended.add(fetched.partition)
  }
  await consumer.close()
  cluster.close()
  return reads
}
