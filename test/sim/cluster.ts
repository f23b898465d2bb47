/** Real brokers and a real coordinator on simulated hosts: started, killed, started again. */
import { Broker } from '../../src/broker/broker.ts'
import { BrokerConfig } from '../../src/broker/config/broker-config.ts'
import { Node } from '../../src/broker/node.ts'
import type { Coordinator } from '../../src/coordinator/coordinator.ts'
import type { Env } from '../../src/env/env.ts'
import { Host } from './host.ts'
import type { Network } from './network.ts'
import type { Options } from './options.ts'
import type { World } from './world.ts'

export const brokerPort = 9092
export const coordinatorPort = 9093
const coordinatorId = 100

/** Whose broker it is: it acts before its start has resolved. */
const memberOf = new WeakMap<Env, Member>()
const { join } = Broker.prototype
Broker.prototype.join = function (this: Broker, session) {
  const member = memberOf.get(this.env)
  if (member !== undefined) member.joined = this
  return join.call(this, session)
}

/** A host that runs a node, and the node while it runs. */
export class Member {
  readonly host: Host
  readonly id: number
  node: Node | undefined
  /** From when the process begins until it ends, also while it starts. */
  startedLife = -1
  joined: Broker | undefined
  stopping = false

  constructor(host: Host, id: number) {
    this.host = host
    this.id = id
  }

  get name(): string {
    return this.host.name
  }

  get alive(): boolean {
    return this.host.process.alive && this.startedLife === this.host.process.life
  }

  /** Does something now: it is neither dead nor frozen. */
  get running(): boolean {
    return this.alive && !this.host.process.paused
  }

  get broker(): Broker | undefined {
    return this.alive ? this.joined : undefined
  }

  get coordinator(): Coordinator | undefined {
    return this.alive ? this.node?.coordinator : undefined
  }
}

export class SimCluster {
  readonly world: World
  readonly network: Network
  readonly options: Options
  readonly coordinator: Member
  readonly brokers: readonly Member[]
  /** Told when a process has ended by itself, or because it was told to. */
  onEnded: ((member: Member) => void) | undefined

  constructor(world: World, network: Network, options: Options) {
    this.world = world
    this.network = network
    this.options = options
    const host = (name: string, rate = 1) => {
      const made = new Host(world, network, name, rate)
      made.disk.syncMs = options.syncMs
      made.memoryBytes = options.memoryBytes
      return made
    }
    this.coordinator = new Member(host('c', options.rates[0]), coordinatorId)
    this.brokers = Array.from(
      { length: options.brokers },
      (_, i) => new Member(host(`b${i + 1}`, options.rates[i + 1]), i + 1),
    )
  }

  get members(): readonly Member[] {
    return [this.coordinator, ...this.brokers]
  }

  member(name: string): Member {
    const member = this.members.find((each) => each.name === name)
    if (member === undefined) throw new Error(`There is no host ${name}`)
    return member
  }

  get bootstrap(): { host: string; port: number }[] {
    return this.brokers.map(({ name }) => ({ host: name, port: brokerPort }))
  }

  start(member: Member): void {
    if (member.alive) return
    const { host } = member
    host.process.alive = true
    const { life } = host.process
    member.startedLife = life
    member.node = undefined
    member.joined = undefined
    member.stopping = false
    this.world.note(`${member.name} starts`)
    const config = new BrokerConfig(this.#configOf(member), { hostName: member.name })
    const { env } = host
    memberOf.set(env, member)
    Node.start(env, config, (error) => {
      // A coordinator whose disk failed ends its process.
      this.world.note(`${member.name} ends: ${error.message}`)
      if (host.process.life !== life) return
      host.crash()
      this.onEnded?.(member)
    }).then(
      (node) => {
        if (host.process.life !== life) return
        member.node = node
        this.world.note(`${member.name} serves`)
      },
      (error: Error) => {
        if (host.process.life !== life) return
        // As the daemon does: one sentence, and its end. Somebody starts it again.
        this.world.note(`${member.name} does not start: ${error.stack}`)
        host.errors.push(`${member.name} does not start: ${error.message}`)
        host.crash()
        this.onEnded?.(member)
      },
    )
  }

  /** SIGTERM: leaderships are handed over, then the process ends. */
  stop(member: Member): void {
    const { node, host } = member
    if (node === undefined || !member.alive || member.stopping) return
    member.stopping = true
    const { life } = host.process
    this.world.note(`${member.name} is told to stop`)
    const end = (how: string) => {
      if (host.process.life !== life) return
      this.world.note(`${member.name} has stopped ${how}`)
      host.crash()
      this.onEnded?.(member)
    }
    node.stop().then(
      () => end('cleanly'),
      (error: Error) => end(`with an error: ${error.message}`),
    )
  }

  #configOf(member: Member): { name: string; value: string; origin: string }[] {
    const { options } = this
    const isCoordinator = member === this.coordinator
    const own = isCoordinator
      ? {
          'process.roles': 'controller',
          'controller.quorum.voters': `${coordinatorId}@c:${coordinatorPort}`,
          listeners: `CONTROLLER://c:${coordinatorPort}`,
          'controller.listener.names': 'CONTROLLER',
        }
      : {
          'process.roles': 'broker',
          'coordinator.servers': `c:${coordinatorPort}`,
          listeners: `PLAINTEXT://${member.name}:${brokerPort}`,
        }
    const all = {
      ...own,
      'node.id': String(member.id),
      'log.dirs': '/data',
      'lease.duration.ms': String(options.leaseMs),
      'replica.lag.time.max.ms': String(options.lagMaxMs),
      'min.insync.replicas': String(options.minInsyncReplicas),
      'offsets.topic.num.partitions': '1',
      'offsets.topic.replication.factor': String(Math.min(3, options.brokers)),
      'log.flush.interval.messages': options.durable ? '1' : '9223372036854775807',
      'auto.create.topics.enable': 'false',
      ...(options.trims && { 'log.retention.check.interval.ms': '700' }),
    }
    return Object.entries(all).map(([name, value]) => ({ name, value, origin: 'simulation' }))
  }
}
