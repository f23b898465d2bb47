/**
 * One run: a cluster comes up, clients write and read, things fail, all is healed, and in the end
 * everything must be as it was promised (V1–V5, the history).
 */
import { anomalies } from '../cluster/history.ts'
import { Answers } from './answers.ts'
import { SimCluster } from './cluster.ts'
import { convergence } from './convergence.ts'
import { Faults } from './faults.ts'
import { Invariants } from './invariants.ts'
import { Network } from './network.ts'
import type { Plan } from './plan.ts'
import { WireTap } from './tap.ts'
import { topic, Workload } from './workload.ts'
import { World } from './world.ts'

const startMaxMs = 20_000
const convergeMaxMs = 60_000
const readMaxMs = 20_000

export interface Outcome {
  readonly events: number
  readonly digest: string
  readonly virtualMs: number
  readonly elections: number
  readonly acknowledged: number
  readonly reads: number
  /** How many faults struck, by kind. */
  readonly faults: Readonly<Record<string, number>>
  /** What went wrong first. */
  readonly failure: string | undefined
  readonly trace: readonly string[]
}

export class Simulation {
  readonly world: World
  readonly network: Network
  readonly tap: WireTap
  readonly cluster: SimCluster
  readonly invariants: Invariants
  readonly answers: Answers
  readonly workload: Workload
  readonly faults: Faults
  readonly plan: Plan

  constructor(plan: Plan) {
    this.plan = plan
    this.world = new World(plan.seed)
    this.network = new Network(this.world)
    this.network.tail = plan.options.tail
    this.cluster = new SimCluster(this.world, this.network, plan.options)
    this.tap = new WireTap(() => this.world.nowMs)
    this.network.tap = this.tap
    this.invariants = new Invariants(this.world, this.cluster)
    this.answers = new Answers(this.world, this.cluster, this.invariants)
    this.tap.listeners.push(this.answers)
    this.workload = new Workload(this.world, this.network, this.cluster)
    const clients = this.workload.hosts.map(({ name }) => name)
    this.faults = new Faults(this.world, this.network, this.cluster, this.invariants, clients)
    this.tap.listeners.push(this.faults)
  }

  async run(): Promise<Outcome> {
    try {
      await this.#run()
    } catch (error) {
      this.world.fail((error as Error).message)
    }
    const { world, invariants, answers } = this
    return {
      events: world.events,
      digest: world.digest(),
      virtualMs: Math.round(world.nowMs),
      elections: invariants.elections,
      acknowledged: answers.acknowledged,
      reads: answers.reads,
      faults: Object.fromEntries(this.faults.struck),
      failure: world.failure?.message,
      trace: world.trace,
    }
  }

  async #run(): Promise<void> {
    const { world, cluster, workload, plan } = this
    for (const member of cluster.members) cluster.start(member)
    await this.#finish(workload.createTopic(), startMaxMs, 'V1: the topic is not made')
    workload.start()
    this.faults.schedule(plan)
    await world.run(world.nowMs + plan.options.faultsMs)
    this.faults.heal()
    await world.run(world.nowMs + 1000)
    workload.stop()
    await this.#converge()
    await this.#history()
  }

  async #converge(): Promise<void> {
    const { world } = this
    const untilMs = world.nowMs + convergeMaxMs
    for (;;) {
      const missing = convergence(this.cluster, this.workload)
      if (missing === undefined) return
      if (world.nowMs >= untilMs) throw new Error(missing)
      await world.run(world.nowMs + 100)
    }
  }

  async #history(): Promise<void> {
    const { cluster, workload, invariants } = this
    const image = cluster.coordinator.coordinator!.image
    const { topicId, partitions } = image.topic(topic)!
    const ends = partitions.map(({ partition }) => invariants.ledger(topicId, partition).endOffset)
    const log = await this.#finish(workload.readAll(ends), readMaxMs, 'V5: the log cannot be read')
    if (invariants.excused.size > 0) return
    const wrong = anomalies(workload.sent, log, { idempotent: true })
    const values = new Map(
      log.map(({ partition, offset, value }) => [`${partition}/${offset}`, value]),
    )
    const next = new Map<number, number>()
    for (const { partition, offset, value } of workload.reads) {
      const final = values.get(`${partition}/${offset}`)
      if (final !== value)
        wrong.push(`inconsistent-offsets: ${partition}/${offset} was read as ${value}, is ${final}`)
      if (offset !== (next.get(partition) ?? 0))
        wrong.push(
          `poll-skip: partition ${partition} goes from ${next.get(partition)} to ${offset}`,
        )
      next.set(partition, offset + 1)
    }
    if (workload.errors.length > 0) wrong.push(`V5: a send failed: ${workload.errors[0]}`)
    if (wrong.length > 0) throw new Error(`history: ${wrong.slice(0, 5).join('; ')}`)
  }

  async #finish<T>(promise: Promise<T>, withinMs: number, otherwise: string): Promise<T> {
    let done = false
    const settled = promise.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    const untilMs = this.world.nowMs + withinMs
    while (!done && this.world.nowMs < untilMs) {
      await new Promise((resolve) => setImmediate(resolve))
      await this.world.run(Math.min(untilMs, this.world.nowMs + 50), () => done)
    }
    if (!done) throw new Error(otherwise)
    return settled
  }
}
