/**
 * Where replicas should be: plans that move as little as they can.
 *
 * A replica on a broker that may keep it stays, unless loads are uneven: what must move goes to the
 * broker with the fewest replicas, in a rack that the partition does not use yet if there is one.
 */
import type { Reassignment, ReplicaState } from '../../client/admin/replicas.ts'
import { Failure } from '../failure.ts'

export interface PlanBroker {
  readonly id: number
  readonly rack: string | null
}

export interface Move extends Reassignment {
  readonly replicas: readonly number[]
  readonly before: readonly number[]
}

export const isChange = ({ before, replicas }: Move): boolean => before.join() !== replicas.join()

/** Spreads replicas and preferred leaders evenly over the brokers. */
export function spread(
  states: readonly ReplicaState[],
  brokers: readonly PlanBroker[],
  replicationFactor?: number,
): Move[] {
  const loads = new Loads(brokers)
  const rows = states.map((state) => {
    const size = replicationFactor ?? state.replicas.length
    if (size > brokers.length)
      throw new Failure(
        `${state.topic}-${state.partition} shall have ${size} replicas, but there are ${brokers.length} brokers`,
      )
    const kept = state.replicas.filter((id) => loads.has(id)).slice(0, size)
    for (const id of kept) loads.add(id)
    return { state, size, replicas: [...kept] }
  })
  for (const row of rows)
    while (row.replicas.length < row.size) row.replicas.push(loads.take(row.replicas))
  even(
    rows.map(({ replicas }) => replicas),
    loads,
  )
  const leads = new Map(brokers.map(({ id }) => [id, 0]))
  return rows.map(({ state, replicas }) => {
    const { topic, partition } = state
    const least = Math.min(...replicas.map((id) => leads.get(id) ?? 0))
    const first = replicas.find((id) => leads.get(id) === least)!
    leads.set(first, least + 1)
    const ordered = [first, ...replicas.filter((id) => id !== first)]
    return { topic, partition, before: state.replicas, replicas: ordered }
  })
}

/** Takes from the brokers with the most replicas as long as another has two fewer. */
function even(rows: readonly number[][], loads: Loads): void {
  for (let moved = true; moved; ) {
    moved = false
    for (const replicas of rows)
      for (const [at, from] of replicas.entries()) {
        const to = loads.least(replicas)
        if (to === undefined || loads.of(from) - loads.of(to) < 2) continue
        if (!loads.keepsRacks(replicas, from, to)) continue
        replicas[at] = to
        loads.add(from, -1)
        loads.add(to)
        moved = true
      }
  }
}

export interface DrainPlan {
  readonly moves: readonly Move[]
  /** Partitions that no other broker can take or lead. */
  readonly stuck: readonly ReplicaState[]
}

/** Nothing is led by the broker any more; with `others`, nothing is on it any more either. */
export function drain(
  states: readonly ReplicaState[],
  broker: number,
  others?: readonly PlanBroker[],
): DrainPlan {
  const loads = others && new Loads(others)
  for (const { replicas } of states) for (const id of replicas) if (loads?.has(id)) loads.add(id)
  const moves: Move[] = []
  const stuck: ReplicaState[] = []
  for (const state of states) {
    const { topic, partition, replicas: before } = state
    if (!before.includes(broker)) continue
    const staying = before.filter((id) => id !== broker)
    const last = loads === undefined ? broker : loads.least(staying)
    if (last === undefined || (loads === undefined && staying.length === 0)) {
      stuck.push(state)
      continue
    }
    loads?.add(last)
    moves.push({ topic, partition, before, replicas: [...staying, last] })
  }
  return { moves, stuck }
}

class Loads {
  readonly #racks: ReadonlyMap<number, string | null>
  readonly #counts: Map<number, number>

  constructor(brokers: readonly PlanBroker[]) {
    this.#racks = new Map(brokers.map(({ id, rack }) => [id, rack]))
    this.#counts = new Map(brokers.map(({ id }) => [id, 0]))
  }

  has(id: number): boolean {
    return this.#counts.has(id)
  }

  of(id: number): number {
    return this.#counts.get(id) ?? 0
  }

  add(id: number, count = 1): void {
    this.#counts.set(id, this.of(id) + count)
  }

  /** The least loaded broker that has none of the partition; a new rack goes first. */
  least(replicas: readonly number[]): number | undefined {
    const used = new Set(replicas.map((id) => this.#racks.get(id)))
    const free = [...this.#counts.keys()].filter((id) => !replicas.includes(id))
    const elsewhere = free.filter((id) => !used.has(this.#racks.get(id)))
    const [best] = (elsewhere.length > 0 ? elsewhere : free).sort(
      (a, b) => this.of(a) - this.of(b) || a - b,
    )
    return best
  }

  take(replicas: readonly number[]): number {
    const id = this.least(replicas)!
    this.add(id)
    return id
  }

  /** The partition is in no fewer racks afterwards. */
  keepsRacks(replicas: readonly number[], from: number, to: number): boolean {
    const racks = (ids: readonly number[]) => new Set(ids.map((id) => this.#racks.get(id))).size
    return racks(replicas.map((id) => (id === from ? to : id))) >= racks(replicas)
  }
}
