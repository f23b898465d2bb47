/**
 * One run: a cluster comes up, clients write and read, things fail, all is healed, and in the end
 * everything must be as it was promised (V1–V5, the history).
 */
import type { PartitionImage } from '../../src/core/cluster/image.ts'
import type { Read } from '../cluster/history.ts'
import { Admin, passing } from './admin.ts'
import { Answers } from './answers.ts'
import { SimCluster } from './cluster.ts'
import { convergence } from './convergence.ts'
import { Faults } from './faults.ts'
import { Fencing } from './fencing.ts'
import { GroupClients } from './group-clients.ts'
import { Histories } from './histories.ts'
import { Invariants } from './invariants.ts'
import { Network } from './network.ts'
import { plain } from './options.ts'
import type { Plan } from './plan.ts'
import { WireTap } from './tap.ts'
import { Trims } from './trims.ts'
import { topic, Workload } from './workload.ts'
import { World } from './world.ts'

const startMaxMs = 20_000
const convergeMaxMs = 60_000
const readMaxMs = 20_000
const protocols = ['classic', 'consumer'] as const

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
  readonly admin: Admin
  readonly trims: Trims
  readonly groups: GroupClients
  readonly faults: Faults
  readonly plan: Plan

  constructor(plan: Plan) {
    this.plan = plan
    const options = { ...plain, ...plan.options }
    this.world = new World(plan.seed)
    this.network = new Network(this.world)
    this.network.tail = options.tail
    this.cluster = new SimCluster(this.world, this.network, options)
    this.tap = new WireTap(() => this.world.nowMs)
    this.network.tap = this.tap
    this.invariants = new Invariants(this.world, this.cluster)
    this.answers = new Answers(this.world, this.cluster, this.invariants)
    this.tap.listeners.push(this.invariants, this.answers, new Fencing(this.world, this.cluster))
    this.workload = new Workload(this.world, this.network, this.cluster)
    this.admin = new Admin(this.world, this.network, this.cluster)
    this.trims = new Trims(this.world, this.network, this.cluster, this.invariants)
    this.groups = new GroupClients(this.world, this.network, this.cluster)
    this.groups.offsetsMayBeLost = () => this.invariants.excused.size > 0
    const clients = [...this.workload.hosts, this.admin.host, this.trims.host].map(
      ({ name }) => name,
    )
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
    const { world, cluster, workload, admin, groups, plan } = this
    const { options } = this.cluster
    for (const member of cluster.members) cluster.start(member)
    await this.#finish(workload.createTopic(), startMaxMs, 'V1: the topic is not made')
    workload.start()
    if (options.admin) admin.start()
    if (options.trims) this.trims.start()
    if (options.groups) {
      for (const protocol of protocols) groups.join(protocol, protocol, 2)
      groups.commitAndAsk()
    }
    this.faults.clients.push(...groups.hosts)
    this.faults.schedule(plan)
    await world.run(world.nowMs + options.faultsMs)
    this.faults.heal()
    await world.run(world.nowMs + 1000)
    workload.stop()
    admin.stop()
    await this.#converge(() => this.trims.stopped())
    await this.#converge(() => convergence(cluster, workload))
    const history = new Histories(this)
    if (options.groups) await this.#converge(() => history.groupsLack())
    groups.stop()
    const logs = new Map<string, Read[]>()
    const readMs = world.nowMs
    history.alongTheWay = [...workload.reads]
    for (const { name, partitions } of cluster.coordinator.coordinator!.image.topics()) {
      if (name !== topic && name !== passing) continue
      const bounds = partitions.map((each) => boundsOf(cluster, name, each))
      const starts = bounds.map(({ start }) => start)
      const reading = workload.readAll(
        name,
        starts,
        bounds.map(({ end }) => end),
      )
      logs.set(name, await this.#finish(reading, readMaxMs, `V5: ${name} cannot be read`))
    }
    const wrong = history.anomalies(logs.get(topic) ?? [], logs.get(passing), readMs)
    if (wrong.length > 0) throw new Error(`history: ${wrong.slice(0, 5).join('; ')}`)
  }

  async #converge(missing: () => string | undefined): Promise<void> {
    const { world } = this
    const untilMs = world.nowMs + convergeMaxMs
    for (;;) {
      const what = missing()
      if (what === undefined) return
      if (world.nowMs >= untilMs) throw new Error(what)
      await world.run(world.nowMs + 100)
    }
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

/** Where the log of the leader begins and ends, once all of it is committed. */
function boundsOf(cluster: SimCluster, name: string, { leader, partition }: PartitionImage) {
  const { broker } = cluster.brokers.find(({ id }) => id === leader)!
  const log = broker?.partitions.get(name, partition)?.log
  return { start: log?.logStartOffset ?? 0, end: log?.highWatermark ?? 0 }
}
