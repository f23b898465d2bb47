/**
 * How long acknowledgements stay away when something happens to the leader of a partition, or to
 * the coordinator. A producer with acks=all sends at a steady rate; a round is one fault, the wait
 * for acknowledgements from the new leader, and the repair. The gap is the longest time between two
 * acknowledgements of the partition from the fault on.
 */
import { createTopics } from '../../../client/admin/topics.ts'
import { Cluster } from '../../../client/cluster.ts'
import { nodeEnv } from '../../../env/node.ts'
import type { Figures } from '../bench-result.ts'
import { BenchError } from '../bench-target.ts'
import type { FaultyCluster } from './local-cluster.ts'
import { SteadyLoad } from './steady-load.ts'

/** kill: SIGKILL; stop: SIGTERM; freeze: SIGSTOP, and SIGCONT later; coordinator: SIGKILL and a new start. */
export const faultKinds = ['kill', 'stop', 'freeze', 'coordinator'] as const
export type FaultKind = (typeof faultKinds)[number]

export interface FailoverOptions {
  readonly kind: FaultKind
  readonly rounds: number
  readonly ratePerSecond: number
  /** More than one: after the fault one record goes to each of the others, too. All have the same leader. */
  readonly partitions: number
  readonly onRound?: (done: number, gapMs: number, everyPartitionMs?: number) => void
}

const topic = 'bench-failover'
const lookEveryMs = 20
/** The first 50 records find their code cold. */
const warmUpRecords = 400
/** Kafka's own failover takes about 10 s; beyond this something hangs. */
const recoveryMaxMs = 120_000
/** How long acknowledgements are looked at after a coordinator is back. */
const afterCoordinatorMs = 1_000

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** @throws BenchError when the cluster does not recover */
export async function runFailover(
  cluster: FaultyCluster,
  options: FailoverOptions,
): Promise<Figures> {
  const env = nodeEnv({ level: 'silent' })
  const { bootstrap } = cluster
  // What the benchmark asks itself must not teach the producer who leads.
  const client = new Cluster(env, { bootstrap })
  const observer = new Cluster(env, { bootstrap })
  try {
    const run = new FailoverRun(cluster, observer, options)
    await run.prepare()
    const load = new SteadyLoad(client, topic, 1, options.ratePerSecond)
    await until(() => load.sent.length >= warmUpRecords, 'the first acknowledgements')
    // A log that was never written to costs its first record more.
    await Promise.all(Array.from({ length: options.partitions }, (_, i) => load.send(i)))
    const gaps: number[] = []
    const everywhere: number[] = []
    for (let round = 0; round < options.rounds; round++) {
      const { gapMs, everyPartitionMs } = await run.round(load)
      gaps.push(gapMs)
      if (everyPartitionMs !== undefined) everywhere.push(everyPartitionMs)
      options.onRound?.(round + 1, gapMs, everyPartitionMs)
    }
    await load.stop()
    return {
      ...spread('gap', gaps),
      ...(everywhere.length > 0 && spread('everyPartition', everywhere)),
      acknowledged: load.sent.length - load.errors.length,
      failed: load.errors.length,
    }
  } finally {
    client.close()
    observer.close()
  }
}

class FailoverRun {
  readonly #cluster: FaultyCluster
  readonly #observer: Cluster
  readonly #options: FailoverOptions

  constructor(cluster: FaultyCluster, observer: Cluster, options: FailoverOptions) {
    this.#cluster = cluster
    this.#observer = observer
    this.#options = options
  }

  async prepare(): Promise<void> {
    const replicationFactor = Math.min(3, this.#cluster.brokerIds.length)
    const configs = new Map([['min.insync.replicas', String(Math.min(2, replicationFactor))]])
    // All with the same leader, so that all of them fail over at once.
    const brokerIds = this.#cluster.brokerIds.slice(0, replicationFactor)
    const assignment = Array.from({ length: this.#options.partitions }, () => brokerIds)
    const wanted = [{ name: topic, assignment, configs }]
    await createTopics(this.#observer, wanted, false)
    await this.#whole()
  }

  async round(load: SteadyLoad): Promise<{ gapMs: number; everyPartitionMs: number | undefined }> {
    const { kind } = this.#options
    const leaders = await this.#leaders()
    const victim = leaders[0] ?? -1
    const led = leaders.flatMap((leader, index) => (leader === victim && index > 0 ? [index] : []))
    const sinceMs = performance.now()
    const fault = this.#hurt(kind, victim)
    const sweep =
      led.length > 0 && kind !== 'coordinator'
        ? Promise.all(led.map((index) => load.send(index))).then(() => performance.now() - sinceMs)
        : undefined
    await fault
    if (kind === 'coordinator') await pause(afterCoordinatorMs)
    else
      await until(
        async () => (await this.#leaders())[0] !== victim,
        'a new leader',
        this.#askEveryMs,
      )
    const electedMs = performance.now()
    await until(() => load.acknowledgedSince(0, electedMs), 'an acknowledgement after the fault')
    const gapMs = load.gapMs(0, sinceMs)
    const everyPartitionMs = await sweep
    await this.#heal(kind, victim)
    await this.#whole()
    return { gapMs, everyPartitionMs }
  }

  #hurt(kind: FaultKind, id: number): Promise<void> {
    if (kind === 'kill') return this.#cluster.kill(id)
    if (kind === 'stop') return this.#cluster.stopBroker(id)
    if (kind === 'freeze') {
      this.#cluster.freeze(id)
      return Promise.resolve()
    }
    const restarted = this.#cluster.restartCoordinator?.()
    return restarted ?? Promise.reject(new BenchError('This cluster has no coordinator of its own'))
  }

  async #heal(kind: FaultKind, id: number): Promise<void> {
    if (kind === 'freeze') this.#cluster.thaw(id)
    else if (kind !== 'coordinator') await this.#cluster.startBroker(id)
  }

  async #leaders(): Promise<number[]> {
    const [info] = await this.#observer.refresh([topic]).catch(() => [])
    return info?.partitions.map(({ leader, partition }) => (partition >= 0 ? leader : -1)) ?? []
  }

  /** Metadata of many partitions costs the broker what is measured. */
  get #askEveryMs(): number {
    return Math.max(lookEveryMs, this.#options.partitions / 4)
  }

  /** Every replica is in sync again. */
  async #whole(): Promise<void> {
    const { partitions } = this.#options
    await until(
      async () => {
        const [info] = await this.#observer.refresh([topic]).catch(() => [])
        return (
          info?.partitions.length === partitions &&
          info.partitions.every(
            ({ leader, isr, replicas }) => leader >= 0 && isr.length === replicas.length,
          )
        )
      },
      'the return of every replica',
      this.#askEveryMs,
    )
  }
}

async function until(
  done: () => boolean | Promise<boolean>,
  what: string,
  everyMs = lookEveryMs,
): Promise<void> {
  const endMs = performance.now() + recoveryMaxMs
  while (!(await done())) {
    if (performance.now() > endMs)
      throw new BenchError(
        `The cluster does not recover: ${what} did not come in ${recoveryMaxMs} ms`,
      )
    await pause(everyMs)
  }
}

/** By the nearest rank. */
function spread(name: string, valuesMs: readonly number[]): Figures {
  const sorted = [...valuesMs].sort((a, b) => a - b)
  const at = (share: number) => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
    return value === undefined ? undefined : Math.round(value)
  }
  return { [`${name}P50Ms`]: at(0.5), [`${name}P99Ms`]: at(0.99), [`${name}MaxMs`]: at(1) }
}
