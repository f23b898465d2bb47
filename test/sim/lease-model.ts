/**
 * The real coordinator and the real sessions of brokers, without a data plane: who may answer for
 * which partition, at every instant, under aimed and random faults.
 *
 * A seed draws the cluster, the clocks and the faults. After every event: S1 (at most one broker may
 * answer for a partition), S2 (one leader in a leader epoch), S8 (epochs never go back). At the
 * end, when all is healed: every partition has one leader that answers (V1).
 */
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { CoordinatorClient } from '../../src/broker/session/coordinator-client.ts'
import { Coordinator } from '../../src/coordinator/coordinator.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import type { PartitionImage } from '../../src/core/cluster/image.ts'
import { anyConfigs } from '../core/cluster/any-configs.ts'
import { Host } from './host.ts'
import { Network } from './network.ts'
import { World } from './world.ts'

const coordinatorPort = 9093
const partitions = 6

export interface LeaseRun {
  readonly events: number
  readonly digest: string
  readonly elections: number
}

class BrokerUnderTest {
  readonly host: Host
  readonly id: number
  client: CoordinatorClient | undefined
  readonly serveFrom = new Map<string, { epoch: number; atMs: number }>()
  startedLife = -1

  constructor(host: Host, id: number) {
    this.host = host
    this.id = id
  }

  get running(): boolean {
    const { process } = this.host
    return process.alive && !process.paused && this.startedLife === process.life
  }
}

export class LeaseSimulation {
  readonly world: World
  readonly network: Network
  readonly coordinatorHost: Host
  readonly brokers: BrokerUnderTest[] = []
  readonly #leaseMs: number
  readonly #leaders = new Map<string, string>()
  readonly #epochs = new Map<string, number>()
  coordinator: Coordinator | undefined
  elections = 0

  constructor(seed: number) {
    this.world = new World(seed)
    this.network = new Network(this.world)
    this.#leaseMs = this.world.pick([300, 600, 2000])
    this.network.tail = this.world.pick([0, 0.0005, 0.01])
    const rate = () => 1 + this.world.between(-0.009, 0.009)
    this.coordinatorHost = new Host(this.world, this.network, 'coordinator', rate())
    this.coordinatorHost.disk.syncMs = this.world.pick([0.5, 5, 50])
    for (let id = 1; id <= 3; id++)
      this.brokers.push(
        new BrokerUnderTest(new Host(this.world, this.network, `b${id}`, rate()), id),
      )
  }

  async run(): Promise<LeaseRun> {
    this.world.invariants.push(() => this.#check())
    this.#startCoordinator()
    for (const broker of this.brokers) this.#startBroker(broker)
    await this.world.run(3000)
    this.#createTopic()
    await this.world.run(6000)
    this.#faults(6000, 30_000)
    await this.world.run(30_000)
    this.#heal()
    await this.world.run(45_000)
    this.#checkLiveness()
    if (this.world.failure) throw this.world.failure
    const { events } = this.world
    return { events, digest: this.world.digest(), elections: this.elections }
  }

  #startCoordinator(): void {
    const { env, process } = this.coordinatorHost
    if (process.alive && this.coordinator !== undefined) return
    process.alive = true
    const store = new Journal(env, '/meta')
    Coordinator.start(env, {
      store,
      rules: anyConfigs,
      leaseMs: this.#leaseMs,
      trustRefused: false,
      balanceEveryMs: 5000,
    }).then(
      async (coordinator) => {
        this.coordinator = coordinator
        await coordinator.listen({ host: 'coordinator', port: coordinatorPort })
      },
      (error) => this.#fail(`the coordinator does not start: ${error.stack}`),
    )
  }

  #startBroker(broker: BrokerUnderTest): void {
    const { host, id } = broker
    host.process.alive = true
    broker.startedLife = host.process.life
    broker.serveFrom.clear()
    broker.client = undefined
    const { env } = host
    const { life } = host.process
    CoordinatorClient.start(env, {
      dial: (handler) => env.net.connect({ host: 'coordinator', port: coordinatorPort }, handler),
      brokerId: id,
      clusterId: '',
      rack: null,
      listeners: [{ name: 'PLAINTEXT', host: host.name, port: 9092, securityProtocol: 0 }],
      features: [],
      logDirs: [],
      cleanShutdown: false,
      bootId: Buffer.alloc(16, host.boots).toString('base64url'),
      previousBrokerEpoch: -1,
      durable: false,
      defaultPartitions: partitions,
      defaultReplicationFactor: 3,
    }).then(
      (client) => {
        if (host.process.life !== life) return
        broker.client = client
        client.onChange((change) => {
          for (const { after, serveAfterMs } of change.partitions) {
            const key = `${after.topicId}/${after.partition}`
            if ((broker.serveFrom.get(key)?.epoch ?? -1) >= after.leaderEpoch) continue
            const atMs = env.clock.monotonicMs() + serveAfterMs
            broker.serveFrom.set(key, { epoch: after.leaderEpoch, atMs })
          }
        })
        this.#ready(broker, client)
      },
      (error) => this.#fail(`broker ${id} is refused: ${error.message}`),
    )
  }

  #ready(broker: BrokerUnderTest, client: CoordinatorClient): void {
    client.ready().catch((error) => this.#fail(`broker ${broker.id}: ${error.message}`))
  }

  #createTopic(): void {
    const submit = () => {
      const client = this.brokers.find((broker) => broker.running && broker.client)?.client
      const topic = {
        name: 'orders',
        numPartitions: partitions,
        replicationFactor: 3,
        assignments: [],
        configs: [],
      }
      const again = () => this.world.after(500, 'create', undefined, submit)
      client?.requests.submit(CreateTopics, { topics: [topic] }).then(
        (answer) => {
          const code = answer.topics[0]?.errorCode
          if (code !== 0 && code !== 36) again()
        },
        () => again(),
      )
    }
    submit()
  }

  /** A few faults of a few kinds, many of them aimed at a leader and its lease. */
  #faults(fromMs: number, untilMs: number): void {
    const { world } = this
    const kinds = [
      'pause leader',
      'cut leader',
      'half cut leader',
      'cut leader for a lease',
      'crash broker',
      'crash coordinator',
      'pause coordinator',
      'cut leader, crash coordinator',
      'drop connections',
      'slow network',
      'drain broker',
    ].filter(() => world.chance(0.5))
    let atMs = fromMs
    while (kinds.length > 0 && atMs < untilMs - 3000) {
      atMs += world.between(100, 4000)
      const kind = world.pick(kinds)
      world.after(atMs - world.nowMs, 'fault', undefined, () => this.#fault(kind))
    }
  }

  #fault(kind: string): void {
    const { world, network } = this
    const victim = world.pick(this.brokers)
    world.note(`fault: ${kind} ${victim.host.name}`)
    const shortMs = world.between(0.3, 2.5) * this.#leaseMs
    const restart = (afterMs: number) =>
      world.after(afterMs, 'restart', undefined, () => {
        if (!victim.host.process.alive) this.#startBroker(victim)
      })
    const cut = (directions: [string, string][], forMs = shortMs) => {
      for (const [from, to] of directions) network.block(from, to)
      world.after(forMs, 'heal', undefined, () => {
        for (const [from, to] of directions) network.unblock(from, to)
      })
    }
    const { name } = victim.host
    const both: [string, string][] = [
      [name, 'coordinator'],
      ['coordinator', name],
    ]
    if (kind === 'pause leader') victim.host.pause(shortMs)
    if (kind === 'cut leader') cut(both)
    if (kind === 'cut leader for a lease') cut(both, world.between(0.95, 1.15) * this.#leaseMs)
    if (kind === 'half cut leader') cut([world.pick(both)])
    if (kind === 'crash broker') {
      if (world.chance(0.3)) victim.host.powerLoss()
      else victim.host.crash()
      restart(world.between(10, 3000))
    }
    if (kind === 'pause coordinator') this.coordinatorHost.pause(shortMs)
    if (kind === 'cut leader, crash coordinator') cut(both)
    if (kind.includes('crash coordinator'))
      world.after(kind.startsWith('cut') ? world.between(0, 300) : 0, 'crash', undefined, () => {
        if (!this.coordinatorHost.process.alive) return
        if (world.chance(0.5)) this.coordinatorHost.powerLoss()
        else this.coordinatorHost.crash()
        world.after(world.between(1, 1500), 'restart', undefined, () => this.#startCoordinator())
      })
    if (kind === 'drop connections') {
      const { process } = victim.host
      network.crashed(process, process.life)
    }
    if (kind === 'slow network') {
      network.slowness = world.between(1, 300)
      world.after(shortMs, 'heal', undefined, () => {
        network.slowness = 1
      })
    }
    if (kind === 'drain broker' && victim.running) {
      const { client } = victim
      const { life } = victim.host.process
      client?.drain().then(
        () => {
          if (victim.host.process.life !== life) return
          client.close()
          victim.host.crash()
          restart(500)
        },
        () => undefined,
      )
      // One that cannot drain is stopped the hard way.
      world.after(10_000, 'give up', undefined, () => {
        if (victim.host.process.life !== life) return
        victim.host.crash()
        restart(100)
      })
    }
  }

  #heal(): void {
    this.network.healAll()
    this.network.slowness = 1
    this.network.tail = 0
    if (!this.coordinatorHost.process.alive) this.#startCoordinator()
    for (const broker of this.brokers) if (!broker.host.process.alive) this.#startBroker(broker)
  }

  mayAnswer(broker: BrokerUnderTest, partition: PartitionImage): boolean {
    const { client, host } = broker
    if (client === undefined || !client.leads(partition)) return false
    const serveFrom = broker.serveFrom.get(`${partition.topicId}/${partition.partition}`)
    const nowMs = this.#clockOf(broker)
    return client.lease.valid() && nowMs >= (serveFrom?.atMs ?? 0) && host.process.alive
  }

  #clockOf({ client }: BrokerUnderTest): number {
    return client?.lease.mark().monotonicMs ?? 0
  }

  #check(): void {
    const answering = new Map<string, string>()
    for (const broker of this.brokers) {
      if (!broker.running || broker.client === undefined) continue
      for (const partition of broker.client.image.topic('orders')?.partitions ?? []) {
        const { topicId, partition: index, leaderEpoch, leader, leaderBrokerEpoch } = partition
        const key = `${topicId}/${index}`
        const who = `broker ${broker.id} in epoch ${leaderEpoch}`
        if (this.mayAnswer(broker, partition)) {
          const other = answering.get(key)
          if (other !== undefined) this.#fail(`S1: ${other} and ${who} answer for ${index}`)
          answering.set(key, who)
        }
        const inEpoch = `${key}/${leaderEpoch}`
        const led = `${leader}/${leaderBrokerEpoch}`
        const known = this.#leaders.get(inEpoch)
        if (known === undefined) this.elections++
        else if (known !== led)
          this.#fail(`S2: ${known} and ${led} lead ${index} in ${leaderEpoch}`)
        this.#leaders.set(inEpoch, led)
        const seen = `${broker.id}/${broker.startedLife}/${key}`
        if ((this.#epochs.get(seen) ?? -1) > leaderEpoch)
          this.#fail(
            `S8: broker ${broker.id} saw epoch ${leaderEpoch} of ${index} after a later one`,
          )
        this.#epochs.set(seen, leaderEpoch)
      }
    }
  }

  #checkLiveness(): void {
    for (let index = 0; index < partitions; index++) {
      const leaders = this.brokers.filter((broker) => {
        const partition = broker.client?.image.topic('orders')?.partitions[index]
        return partition !== undefined && this.mayAnswer(broker, partition)
      })
      if (leaders.length !== 1)
        this.#fail(`V1: ${leaders.length} brokers answer for partition ${index} after healing`)
    }
  }

  #fail(reason: string): void {
    this.world.note(reason)
    this.world.failure ??= new Error(`${reason}\n${this.world.trace.slice(-60).join('\n')}`)
  }
}
