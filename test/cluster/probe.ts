/** Asks one broker for the end of a partition again and again, to see when it answers for it. */
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { RawClient } from '../broker/raw-client.ts'

interface Answer {
  readonly sentMs: number
  readonly receivedMs: number
  readonly errorCode: number
}

const everyMs = 5

export class Probe {
  readonly answers: Answer[] = []
  readonly #client: RawClient
  readonly #done: Promise<void>
  #running = true

  private constructor(client: RawClient, topic: string) {
    this.#client = client
    this.#done = this.#run(topic)
  }

  static async start(where: { host: string; port: number }, topic: string): Promise<Probe> {
    return new Probe(await RawClient.connect(where.port, where.host), topic)
  }

  async #run(topic: string): Promise<void> {
    while (this.#running) {
      const sentMs = performance.now()
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }]
      const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] }
      const answer = await this.#client.ask(ListOffsets, 5, request).catch(() => undefined)
      const errorCode = answer?.topics[0]?.partitions[0]?.errorCode
      if (errorCode === undefined) return
      this.answers.push({ sentMs, receivedMs: performance.now(), errorCode })
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#client.destroy()
    await this.#done
  }
}

/** How long the first answered as the leader when the second surely had begun to; at most 0 when never. */
export function overlapMs(former: Probe, successor: Probe): number {
  const good = ({ errorCode }: Answer) => errorCode === 0
  const began = successor.answers.find(good)?.receivedMs ?? Infinity
  const ended = former.answers.findLast(good)?.sentMs ?? -Infinity
  return ended - began
}
