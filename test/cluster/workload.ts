/** A producer that goes on through faults, and a reader of everything at the end. */
import { Cluster } from '../../src/client/cluster.ts'
import { Consumer } from '../../src/client/consumer.ts'
import { FetchedRecords } from '../../src/client/fetched-records.ts'
import { Producer } from '../../src/client/producer.ts'
import { nodeEnv } from '../../src/env/node.ts'
import type { Read, Sent } from './history.ts'

type Bootstrap = readonly { readonly host: string; readonly port: number }[]

export class Workload {
  readonly sent: Sent[] = []
  readonly errors: string[] = []
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #topic: string
  #running = true
  readonly #done: Promise<void>

  constructor(bootstrap: Bootstrap, topic: string, partitions: number, perSecond: number) {
    this.#cluster = new Cluster(nodeEnv({ level: 'error' }), { bootstrap })
    this.#producer = new Producer(this.#cluster, { acks: -1, idempotent: true, lingerMs: 0 })
    this.#topic = topic
    this.#done = this.#run(partitions, perSecond)
  }

  /** Stops, waits for what is out. */
  async finish(): Promise<void> {
    this.#running = false
    await this.#done
    this.#cluster.close()
  }

  /** The longest time without an acknowledgement in a partition, within the window. */
  gapMs(fromMs: number, toMs: number): number {
    const partitions = new Set(this.sent.map(({ partition }) => partition))
    return Math.max(...[...partitions].map((partition) => this.#gapOf(partition, fromMs, toMs)))
  }

  #gapOf(wanted: number, fromMs: number, toMs: number): number {
    const acks = this.sent
      .filter(({ partition, offset }) => partition === wanted && offset !== undefined)
      .map(({ ackedMs }) => ackedMs)
      .filter((ackedMs) => ackedMs >= fromMs && ackedMs <= toMs)
      .sort((a, b) => a - b)
    const gaps = [...acks, toMs].map((at, i) => at - (acks[i - 1] ?? fromMs))
    return Math.max(...gaps)
  }

  async #run(partitions: number, perSecond: number): Promise<void> {
    const out: Promise<void>[] = []
    for (let n = 0; this.#running; n++) {
      const partition = n % partitions
      const value = `value-${n}`
      const sentMs = performance.now()
      const note = (offset: number | undefined) =>
        this.sent.push({ value, partition, offset, sentMs, ackedMs: performance.now() })
      out.push(
        this.#producer.send({ topic: this.#topic, partition, value }).then(
          ({ offset }) => {
            note(offset)
          },
          (error: Error) => {
            this.errors.push(error.message)
            note(undefined)
          },
        ),
      )
      await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond))
    }
    await Promise.all(out)
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
  const deadline = performance.now() + 20_000
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
