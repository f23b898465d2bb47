/** Carries out the faults of a plan, and heals everything in the end. */

import type { Message } from '../../protocol/coordinator/messages.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { PartitionImage } from '../../src/core/cluster/image.ts'
import type { Member, SimCluster } from './cluster.ts'
import type { Invariants } from './invariants.ts'
import type { CutMode, Network } from './network.ts'
import type { Fault, Plan, Signal } from './plan.ts'
import type { Asked, TapListener } from './tap.ts'
import { topic } from './workload.ts'
import type { World } from './world.ts'

interface Aimed {
  readonly fault: Fault
  left: number
}

/** How long what ended by itself stays down. */
const restartMs = 700
const cutModes: readonly CutMode[] = ['reset', 'sender', 'receiver', 'silent']

export class Faults implements TapListener {
  readonly #world: World
  readonly #network: Network
  readonly #cluster: SimCluster
  readonly #invariants: Invariants
  /** Hosts that a fault cuts off as well. */
  readonly clients: string[]
  #aimed: Aimed[] = []
  /** They strike when the write has left that they are aimed at. */
  readonly #due: (() => void)[] = []
  #elections = 0
  #healed = false
  /** How many struck, by kind. */
  readonly struck = new Map<string, number>()

  constructor(
    world: World,
    network: Network,
    cluster: SimCluster,
    invariants: Invariants,
    clients: string[],
  ) {
    this.#world = world
    this.#network = network
    this.#cluster = cluster
    this.#invariants = invariants
    this.clients = clients
    for (const { host } of cluster.members)
      host.disk.onChange = () => {
        this.#signal('file changes', host.name, host.name)
        this.seen()
      }
    world.invariants.push(() => {
      if (invariants.elections === this.#elections) return
      this.#elections = invariants.elections
      this.#signal('election', 'c', 'leader')
      this.seen()
    })
    cluster.onEnded = (member) => {
      if (!this.#healed) this.#restart(member, restartMs)
    }
  }

  schedule({ faults }: Plan): void {
    for (const fault of faults)
      this.#world.after(fault.atMs, 'fault', undefined, () => {
        if (this.#healed) return
        if (fault.on) this.#aimed.push({ fault, left: fault.on.nth })
        else this.#strike(fault, '', '')
      })
  }

  told(from: string, to: string, message: Message): void {
    const { type } = message
    if (type === 'alterIsr' || type === 'alterIsrAck' || type === 'register')
      this.#signal(type, from, to)
    if (type === 'metadata' && message.snapshot === 0) this.#signal('metadata', from, to)
  }

  asked({ from, to, api }: Asked): void {
    if (api === Produce) this.#signal('produce', to, from)
    if (api === Fetch && from.startsWith('b')) this.#signal('replica asks', from, to)
  }

  answered({ from, to, api }: Asked, response: any): void {
    if (this.#aimed.length === 0) return
    if (api === Produce) this.#signal('acknowledged', to, from)
    if (api !== Fetch || !from.startsWith('b')) return
    const answers = response.responses.flatMap(({ partitions }: any) => partitions)
    if (answers.some(({ divergingEpoch }: any) => divergingEpoch?.epoch >= 0))
      this.#signal('diverged', to, from)
    if (answers.some(({ records }: any) => records?.length > 0))
      this.#signal('replicated', to, from)
  }

  /** What leaves in one write was decided before any of it. */
  seen(): void {
    for (const strike of this.#due.splice(0)) strike()
  }

  #signal(signal: Signal, subject: string, peer: string): void {
    if (this.#aimed.length === 0) return
    for (const aimed of [...this.#aimed]) {
      const { on } = aimed.fault
      if (on?.signal !== signal || --aimed.left > 0) continue
      this.#aimed = this.#aimed.filter((other) => other !== aimed)
      if (on.delayMs === 0) this.#due.push(() => this.#strike(aimed.fault, subject, peer))
      else
        this.#world.after(on.delayMs, 'aimed', undefined, () => {
          if (!this.#healed) this.#strike(aimed.fault, subject, peer)
        })
    }
  }

  #resolve(who: string, { partition }: Fault, subject: string, peer: string): string {
    if (who === 'subject') return this.#resolve(subject || 'leader', { partition } as Fault, '', '')
    if (who === 'peer') return this.#resolve(peer || 'follower', { partition } as Fault, '', '')
    if (who !== 'leader' && who !== 'follower') return who
    const { brokers } = this.#cluster
    const state = this.#state(partition)
    const id = who === 'leader' ? state?.leader : state?.replicas.find((id) => id !== state.leader)
    return brokers.find((each) => each.id === id)?.name ?? 'b1'
  }

  /** As the coordinator, or a broker, knows it. */
  #state(partition: number): PartitionImage | undefined {
    const { coordinator, brokers } = this.#cluster
    const image =
      coordinator.coordinator?.image ?? brokers.find(({ broker }) => broker)?.broker?.image
    return image?.topic(topic)?.partitions[partition]
  }

  #strike(fault: Fault, subject: string, peer: string): void {
    const name = this.#resolve(fault.target, fault, subject, peer)
    const other = this.#resolve(fault.other, fault, subject, peer)
    if (this.clients.includes(name)) return
    const member = this.#cluster.member(name)
    const on = fault.on ? ` on ${fault.on.signal}` : ''
    this.#world.note(
      `FAULT ${fault.kind} ${name}${fault.other ? ` (${other})` : ''}${on} for ${fault.forMs} ms`,
    )
    this.struck.set(fault.kind, (this.struck.get(fault.kind) ?? 0) + 1)
    this.#do(fault, member, other)
  }

  #do(fault: Fault, member: Member, other: string): void {
    const { host, name } = member
    const { forMs, amount } = fault
    switch (fault.kind) {
      case 'pause':
        host.pause(forMs)
        return
      case 'crash':
        this.#end(member, forMs, () => host.crash())
        return
      case 'power':
        this.#end(member, forMs, () => {
          if (member !== this.#cluster.coordinator) this.#invariants.powerLosses++
          host.powerLoss()
        })
        return
      case 'stop':
        this.#cluster.stop(member)
        return
      case 'isolate':
        this.#block(
          this.#others(name).flatMap((far) => [
            [name, far],
            [far, name],
          ]),
          forMs,
        )
        return
      case 'mute':
        this.#block(
          this.#others(name).map((far) => [name, far]),
          forMs,
        )
        return
      case 'deaf':
        this.#block(
          this.#others(name).map((far) => [far, name]),
          forMs,
        )
        return
      case 'part':
        this.#block(
          amount < 0.5
            ? [
                [name, other],
                [other, name],
              ]
            : [[name, other]],
          forMs,
        )
        return
      case 'slow link':
        this.#slow(name, other, forMs, 10 ** (1 + 2 * amount))
        return
      case 'slow network':
        this.#network.slowness = 10 ** (2 * amount)
        this.#later(forMs, () => {
          this.#network.slowness = 1
        })
        return
      case 'cut': {
        const mode = cutModes[Math.floor(amount * 4)] as CutMode
        const bytes = Math.floor(((amount * 4) % 1) * 500)
        if (forMs % 2 === 0) this.#network.cutAfter(name, other, bytes, mode)
        else this.#network.cutAfter(other, name, bytes, mode)
        return
      }
      case 'part and restart':
        this.#partAndRestart(member, forMs, amount)
        return
      case 'leave behind':
        this.#leaveBehind(fault, member)
        return
      case 'blackout':
        this.#blackout(forMs, amount)
        return
      case 'bit flips':
        this.#flipBits(fault, member)
        return
      case 'drop':
        this.#network.crashed(host.process, host.process.life)
        return
      default:
        this.#disk(fault, member)
    }
  }

  #disk({ kind, forMs, amount }: Fault, member: Member): void {
    const { host } = member
    if (kind === 'sync fails' || kind === 'write fails') {
      if (kind === 'sync fails') host.disk.failSyncs = 1
      else host.disk.failWrites = 1
      // A directory that has failed is offline until somebody starts the process again.
      this.#later(forMs + 500, () => this.#end(member, forMs, () => host.crash()))
    }
    if (kind === 'full disk') {
      host.disk.isFull = true
      this.#later(forMs, () => {
        host.disk.isFull = false
      })
    }
    if (kind === 'slow disk') {
      host.disk.slowness = 10 ** (1 + 2 * amount)
      this.#later(forMs, () => {
        host.disk.slowness = 1
      })
    }
    if (kind === 'wall clock') host.wallOffsetMs += Math.round((amount - 0.5) * 3_000_000)
  }

  /** The coordinator restarts while a leader that holds a lease cannot reach it. */
  #partAndRestart({ name }: Member, forMs: number, amount: number): void {
    const { coordinator } = this.#cluster
    const who = name === 'c' ? 'b1' : name
    this.#block(
      [
        [who, 'c'],
        ['c', who],
      ],
      forMs,
    )
    const { leaseMs } = this.#cluster.options
    this.#later(amount * 0.3 * leaseMs, () =>
      this.#end(coordinator, amount * 0.2 * leaseMs, () => coordinator.host.crash()),
    )
  }

  /**
   * One follower is left behind until it is out of sync. Then those that were ahead die, and one of
   * them is back first: it leads, knows of no high watermark, and the one behind asks to join.
   */
  #leaveBehind({ partition, forMs, amount }: Fault, { name }: Member): void {
    const { brokers, options } = this.#cluster
    const inSync = this.#state(partition)?.isr ?? []
    const [behind, ...ahead] = brokers
      .filter(({ id }) => inSync.includes(id))
      .sort((a, b) => Number(a.name === name) - Number(b.name === name))
    if (behind === undefined || ahead.length === 0) return
    const outMs = options.lagMaxMs * (1.2 + 0.6 * amount)
    const paths = ahead.flatMap((each) => [
      [each.name, behind.name],
      [behind.name, each.name],
    ])
    this.#block(paths, outMs + 0.1 * forMs)
    this.#later(outMs, () => {
      for (const [i, each] of ahead.entries())
        this.#end(each, i === 0 ? 50 : forMs, () => each.host.crash())
    })
  }

  /** The power of the whole place goes; it comes back to one after the other. */
  #blackout(forMs: number, amount: number): void {
    const { brokers, coordinator } = this.#cluster
    this.#invariants.powerLosses++
    for (const [i, member] of [...brokers, ...(amount < 0.5 ? [coordinator] : [])].entries())
      this.#end(member, (forMs * (1 + ((i + Math.floor(amount * 8)) % 3))) / 3, () =>
        member.host.powerLoss(),
      )
  }

  /**
   * A broker goes down, and comes back to closed segments in which bits are wrong: what it has written itself
   * it would not read from the disk. In the end, they read right again.
   */
  #flipBits({ partition, forMs, amount }: Fault, member: Member): void {
    const closed = [...(member.broker?.partitions.all() ?? [])]
      .filter((one) => one.topic === topic && one.index >= partition)
      .flatMap(({ log }) => log?.segments.list.slice(0, -1) ?? [])
      .filter(({ sizeBytes }) => sizeBytes > 0)
    const flips = closed.filter((_, i) => (i * 7 + Math.floor(amount * 100)) % 3 === 0)
    for (const [i, { file, sizeBytes }] of flips.entries()) {
      const at = Math.floor(((amount * (i + 1) * 997) % 1) * sizeBytes)
      this.#world.note(`a bit of ${member.name}'s ${file.path} is wrong at ${at}`)
      member.host.disk.flip(file.path, at, (i + at) % 8)
    }
    // As with the power: the last replica in sync may have lost what nobody else has.
    if (flips.length > 0) this.#invariants.powerLosses++
    this.#end(member, forMs, () => member.host.crash())
  }

  #others(name: string): string[] {
    const all = [...this.#cluster.members.map((member) => member.name), ...this.clients]
    return all.filter((each) => each !== name)
  }

  #end(member: Member, forMs: number, how: () => void): void {
    if (!member.alive) return
    how()
    this.#restart(member, forMs)
  }

  #restart(member: Member, afterMs: number): void {
    const { life } = member.host.process
    this.#later(afterMs, () => {
      if (member.host.process.life === life) this.#cluster.start(member)
    })
  }

  #block(directions: readonly (readonly string[])[], forMs: number): void {
    for (const [from = '', to = ''] of directions) this.#network.block(from, to)
    this.#later(forMs, () => {
      for (const [from = '', to = ''] of directions) this.#network.unblock(from, to)
    })
  }

  #slow(from: string, to: string, forMs: number, factor: number): void {
    this.#network.slow(from, to, factor)
    this.#later(forMs, () => this.#network.slow(from, to, 1))
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.after(delayMs, 'fault ends', undefined, () => {
      if (!this.#healed) run()
    })
  }

  /** From now on nothing fails any more, and what is down comes back. */
  heal(): void {
    this.#healed = true
    this.#aimed = []
    const { world } = { world: this.#world }
    world.note('everything is healed')
    this.#network.healAll()
    this.#network.slowness = 1
    this.#network.tail = 0
    for (const member of this.#cluster.members) {
      const { disk, process } = member.host
      disk.unflip()
      Object.assign(disk, { isFull: false, failSyncs: 0, failWrites: 0, slowness: 1 })
      if (process.alive && process.paused) world.resume(process)
      const offline = member.broker?.logs.directories.some((each) => each.disk.failure)
      if (member.alive && offline) member.host.crash()
      if (!member.alive) this.#cluster.start(member)
    }
    this.#cluster.onEnded = (member) =>
      world.after(restartMs, 'restart', undefined, () => this.#cluster.start(member))
  }
}
