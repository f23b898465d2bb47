/**
 * The invariants of LEASES §6, looked at after every event over all processes at once.
 *
 * S1 one broker may answer · S2 one leader in an epoch · S3 what is committed is on every replica in
 * sync and on every new leader · S5 logs agree below the high watermark · S6 the leader's maximal ISR
 * holds the coordinator's · S8 epochs never go back, over crashes too · S9 nothing committed is
 * truncated · S12 only what is committed is deleted. What is seen on the wire (S4, S7) is in `answers.ts`; S10 is S3 with losses of power.
 */
import type { Message } from '../../protocol/coordinator/messages.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { Partition } from '../../src/broker/partition.ts'
import type { PartitionImage } from '../../src/core/cluster/image.ts'
import type { Log } from '../../src/log/log.ts'
import type { Member, SimCluster } from './cluster.ts'
import { Ledger, LogWalk } from './ledger.ts'
import type { Process, World } from './world.ts'

/** What was seen of one partition on one broker, in one life of it. */
interface Seen {
  readonly walk: LogWalk
  /** Checked up to here; 0 again in a new life, so that what recovery left is looked at as a whole. */
  checkedTo: number
  highWatermark: number
  leaderEpoch: number
  logStartOffset: number
}

/** What a broker leads as far as it knows, since it was last looked at. */
interface Leading {
  broker: Broker | undefined
  partitions: Partition[]
}

interface Epochs {
  leaderEpoch: number
  partitionEpoch: number
}

export class Invariants {
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #ledgers = new Map<string, Ledger>()
  /** In a new life, a partition has another log. */
  readonly #seen = new WeakMap<Log, Seen>()
  readonly #leading = new Map<Member, Leading>()
  /** Each partition that more than one broker leads as far as they know, with all of them: few, and not for long. */
  #contested: (readonly { member: Member; partition: Partition }[])[] = []
  readonly #leaders = new Map<string, string>()
  /** The highest that any broker was told, which includes that it is durable. */
  readonly #told = new Map<string, Epochs>()
  readonly #revisions = new Map<string, number>()
  readonly #electedMs = new Map<string, number>()
  /** Before it, some replica has deleted records. */
  readonly #starts = new Map<string, number>()
  readonly #brokerEpochs = new Map<number, number>()
  #generation = 0
  /** What the coordinator decided last, and how often power had been lost by then. */
  readonly #decided = new Map<string, { state: PartitionImage; powerLosses: number }>()
  /** Partitions with unclean elections whose leader has not shown yet what it has: in the first epoch of them, and the last. */
  readonly #uncut = new Map<string, { readonly from: number; readonly to: number }>()
  /** Partitions that lost what was committed, as they may: every replica in sync lost power. */
  readonly excused = new Set<string>()
  /** Partitions that a broker gave up, because it could not make or use its log. */
  readonly #givenUp = new Set<string>()
  elections = 0
  isrChanges = 0
  /** Losses of power, and of bits, so far: only they excuse an unclean election, or a log that could not be used. */
  powerLosses = 0

  constructor(world: World, cluster: SimCluster) {
    this.#world = world
    this.#cluster = cluster
    world.invariants.push((process, unseen) => this.#check(process, unseen))
  }

  told(_from: string, _to: string, message: Message): void {
    if (message.type !== 'relinquish') return
    for (const { topicId, partition } of message.items) this.#givenUp.add(`${topicId}/${partition}`)
  }

  ledger(topicId: string, partition: number): Ledger {
    const key = `${topicId}/${partition}`
    let ledger = this.#ledgers.get(key)
    if (ledger === undefined) {
      ledger = new Ledger()
      this.#ledgers.set(key, ledger)
    }
    return ledger
  }

  /** When a broker was told of the last leader epoch that there was. */
  lastElectionMs(topicId: string, partition: number): number {
    return this.#electedMs.get(`${topicId}/${partition}`) ?? 0
  }

  /** What is before may be gone: it was deleted, by whoever may. */
  deletedBefore(topicId: string, partition: number): number {
    return this.#starts.get(`${topicId}/${partition}`) ?? 0
  }

  #check(process: Process | undefined, unseen: boolean): void {
    const { brokers, coordinator } = this.#cluster
    if (process === coordinator.host.process) this.#coordinator()
    for (const member of brokers)
      if (process === undefined ? !unseen : member.host.process === process) this.#leads(member)
    if (this.#contested.length > 0) this.#mayAnswer()
    for (const member of brokers)
      if (member.host.process === process && member.running) this.#broker(member)
  }

  /** Only a process of its own makes a broker lead; that it may not any more, time does as well. */
  #leads(member: Member): void {
    const { broker } = member
    let leading = this.#leading.get(member)
    if (leading === undefined) {
      leading = { broker, partitions: [] }
      this.#leading.set(member, leading)
    }
    const { partitions } = leading
    let count = 0
    let same = leading.broker === broker
    for (const partition of broker?.partitions.all() ?? none) {
      if (partition.role !== 'leader') continue
      if (partitions[count] !== partition) same = false
      partitions[count++] = partition
    }
    if (same && count === partitions.length) return
    leading.broker = broker
    partitions.length = count
    this.#contested = this.#contests()
  }

  #contests() {
    const byKey = new Map<string, { member: Member; partition: Partition }[]>()
    for (const [member, { partitions }] of this.#leading)
      for (const partition of partitions) {
        const key = keyOf(partition)
        byKey.set(key, [...(byKey.get(key) ?? []), { member, partition }])
      }
    return [...byKey.values()].filter(({ length }) => length > 1)
  }

  #mayAnswer(): void {
    for (const leaders of this.#contested) {
      const answering = leaders.filter(
        ({ member, partition }) =>
          member.running &&
          this.#leading.get(member)?.broker === member.broker &&
          member.broker?.session.lease.valid() &&
          partition.mayAnswer(),
      )
      const [one, other] = answering
      if (one === undefined || other === undefined) continue
      this.#fail(
        'S1',
        one.partition,
        `${one.member.name} in epoch ${one.partition.leaderEpoch} and ${other.member.name} in epoch ${other.partition.leaderEpoch} may answer`,
      )
    }
  }

  #coordinator(): void {
    const image = this.#cluster.coordinator.coordinator?.image
    if (image === undefined) return
    const life = this.#cluster.coordinator.host.process.life
    const revision = this.#revisions.get(`c/${life}`)
    if (revision === image.revision) return
    // In a new life it knows at least all that was told.
    if (revision === undefined)
      for (const [key, told] of this.#told) {
        const [topicId = '', index] = key.split('/')
        const known = image.partition(topicId, Number(index))
        if (known !== undefined && this.#isBefore(known, told))
          this.#world.fail(`S8: the coordinator forgot epoch ${told.leaderEpoch} of ${key}`)
      }
    this.#revisions.set(`c/${life}`, image.revision)
    for (const { partitions } of image.topics())
      for (const each of partitions) {
        this.#decides(each)
        this.#inSync(each)
      }
  }

  /** `unclean` stays set until all have followed: whether this election was, the last state tells. */
  #decides(state: PartitionImage): void {
    const key = `${state.topicId}/${state.partition}`
    const { powerLosses } = this
    const last = this.#decided.get(key)
    this.#decided.set(key, { state, powerLosses })
    if (!state.unclean || state.leader === -1 || last?.state.leaderEpoch === state.leaderEpoch)
      return
    const wasSafe = last?.state.unclean && last.powerLosses === powerLosses
    if (wasSafe && [...last.state.isr, ...last.state.elr].includes(state.leader)) return
    const from = this.#uncut.get(key)?.from ?? state.leaderEpoch
    this.#uncut.set(key, { from, to: state.leaderEpoch })
  }

  #brokerEpoch(id: number, epoch: number): void {
    const before = this.#brokerEpochs.get(id) ?? -1
    if (epoch === -1) return
    if (epoch < before)
      this.#world.fail(`S8: the epoch of broker ${id} went from ${before} to ${epoch}`)
    this.#brokerEpochs.set(id, epoch)
  }

  /** Takes in what this turn has done so far. */
  look(member: Member): void {
    this.#broker(member)
  }

  #broker(member: Member): void {
    const { broker } = member
    if (broker === undefined) return
    const { generation, image } = broker.session
    if (generation < this.#generation && broker.session.connected)
      this.#world.fail(`S8: ${member.name} follows generation ${generation} after a later one`)
    this.#brokerEpoch(member.id, broker.session.brokerEpoch)
    const life = `${member.name}/${member.startedLife}`
    if (this.#revisions.get(life) !== image.revision) {
      this.#revisions.set(life, image.revision)
      for (const topic of image.topics())
        for (const partition of topic.partitions) this.#told_(member, partition)
      // Its logs are there now: those of a new life, too.
      const decided = this.#cluster.coordinator.coordinator?.image
      for (const partition of broker.partitions.all()) {
        const state = decided?.partition(partition.topicId, partition.index)
        if (state !== undefined) this.#inSync(state)
      }
    }
    for (const partition of broker.partitions.all()) this.#partition(member, partition)
  }

  #isBefore(state: Epochs, told: Epochs): boolean {
    return state.leaderEpoch < told.leaderEpoch || state.partitionEpoch < told.partitionEpoch
  }

  #told_(member: Member, partition: PartitionImage): void {
    const { topicId, partition: index, leader, leaderEpoch, leaderBrokerEpoch } = partition
    const key = `${topicId}/${index}`
    const inEpoch = `${key}/${leaderEpoch}`
    const led = `${leader} (${leaderBrokerEpoch})`
    const known = this.#leaders.get(inEpoch)
    if (known === undefined) {
      this.elections++
      this.#electedMs.set(key, this.#world.nowMs)
    } else if (known !== led)
      this.#world.fail(`S2: ${known} and ${led} lead ${key} in epoch ${leaderEpoch}`)
    this.#leaders.set(inEpoch, led)
    const mine = `${member.name}/${key}`
    const before = this.#told.get(mine)
    if (before !== undefined && this.#isBefore(partition, before))
      this.#world.fail(
        `S8: ${member.name} was told epoch ${leaderEpoch}.${partition.partitionEpoch} of ${key} after ${before.leaderEpoch}.${before.partitionEpoch}`,
      )
    const { partitionEpoch } = partition
    if (before?.partitionEpoch !== partitionEpoch) this.isrChanges++
    this.#told.set(mine, { leaderEpoch, partitionEpoch })
    const highest = this.#told.get(key)
    if (highest === undefined || this.#isBefore(highest, partition))
      this.#told.set(key, { leaderEpoch, partitionEpoch })
  }

  #partition(member: Member, partition: Partition): void {
    const { log } = partition
    if (log === undefined) return
    let seen = this.#seen.get(log)
    if (seen === undefined) {
      const walk = new LogWalk(member.host.disk, log)
      const checkedTo = log.logStartOffset
      seen = { walk, checkedTo, highWatermark: 0, leaderEpoch: -1, logStartOffset: 0 }
      this.#seen.set(log, seen)
    }
    this.#highWatermark(partition, log, seen)
    if (partition.role === 'leader') {
      if (partition.leaderEpoch > seen.leaderEpoch) {
        seen.leaderEpoch = partition.leaderEpoch
        this.#elected(member, partition, log)
      }
      this.#maximalIsr(member, partition)
    }
    if (log.highWatermark > seen.checkedTo) this.#committed(member, partition, log, seen)
    if (log.logStartOffset > seen.logStartOffset) {
      seen.logStartOffset = log.logStartOffset
      this.#start(member, partition, log)
    }
  }

  /** Only what is committed is deleted, and only where somebody asks for it. */
  #start({ name }: Member, partition: Partition, { logStartOffset }: Log): void {
    const key = keyOf(partition)
    if (logStartOffset <= (this.#starts.get(key) ?? 0)) return
    this.#starts.set(key, logStartOffset)
    const { endOffset } = this.ledger(partition.topicId, partition.index)
    const asked = this.#cluster.options.trims
    if (this.excused.has(key) || (asked && logStartOffset <= endOffset)) return
    this.#fail(
      'S12',
      partition,
      `${name} deleted before ${logStartOffset}, committed is ${endOffset}`,
    )
  }

  #highWatermark(partition: Partition, log: Log, seen: Seen): void {
    if (log.highWatermark < seen.highWatermark) {
      const excused = partition.image.unclean || this.excused.has(keyOf(partition))
      if (!excused)
        this.#fail(
          'S9',
          partition,
          `${seen.highWatermark} was committed, now ${log.highWatermark} is`,
        )
      seen.checkedTo = Math.min(seen.checkedTo, log.highWatermark)
    }
    seen.highWatermark = log.highWatermark
  }

  /** The leader counts everybody who is in sync as far as the coordinator says, in its epoch. */
  #maximalIsr(member: Member, partition: Partition): void {
    const image = this.#cluster.coordinator.coordinator?.image
    const state = image?.partition(partition.topicId, partition.index)
    if (state?.leaderEpoch !== partition.leaderEpoch || state.leader !== member.id) return
    const maximal = partition.followers?.maximalIsr ?? state.isr
    if (!state.isr.every((id) => maximal.includes(id)))
      this.#fail('S6', partition, `in sync are ${state.isr}, ${member.name} counts ${maximal}`)
  }

  #elected(member: Member, partition: Partition, log: Log): void {
    const ledger = this.ledger(partition.topicId, partition.index)
    const key = keyOf(partition)
    const uncut = this.#uncut.get(key)
    if (uncut !== undefined && partition.leaderEpoch >= uncut.from) {
      if (partition.leaderEpoch >= uncut.to) this.#uncut.delete(key)
      if (this.powerLosses === 0 && !this.#givenUp.has(key))
        this.#fail('S10', partition, `${member.name} was elected uncleanly, and nobody lost power`)
      const end = this.#agreedEnd(member, log, ledger)
      if (end < ledger.endOffset) this.excused.add(key)
      ledger.cut(end)
      return
    }
    this.#hasAll(member, partition, log, `the new leader ${member.name}`)
  }

  /** Up to where a log has what was committed: a loss of power may bring back what was cut off before that took its place. */
  #agreedEnd({ host }: Member, log: Log, ledger: Ledger): number {
    const end = Math.min(log.logEndOffset, ledger.endOffset)
    for (const entry of new LogWalk(host.disk, log).between(log.logStartOffset, end))
      if (ledger.differs(entry)) return entry.baseOffset
    return end
  }

  #hasAll(member: Member, partition: Partition, log: Log, who: string): void {
    if (this.excused.has(keyOf(partition))) return
    const ledger = this.ledger(partition.topicId, partition.index)
    const { entries } = ledger
    // It may hear of its election when it is over, and the next leader has committed more.
    const endOffset = ledger.endBefore(partition.leaderEpoch)
    if (log.logEndOffset < endOffset)
      this.#fail('S3', partition, `${who} ends at ${log.logEndOffset}, committed is ${endOffset}`)
    if (log.logStartOffset >= endOffset) return
    const from = Math.max(log.logStartOffset, entries[Math.max(0, entries.length - 50)]!.baseOffset)
    for (const entry of new LogWalk(member.host.disk, log).between(from, endOffset)) {
      const why = ledger.differs(entry)
      if (why) this.#fail('S3', partition, `on ${who} ${why}`)
    }
  }

  #committed(member: Member, partition: Partition, log: Log, seen: Seen): void {
    const ledger = this.ledger(partition.topicId, partition.index)
    const before = ledger.endOffset
    const excused = this.excused.has(keyOf(partition))
    // Below its start, a log may have kept what nobody reads: another end than its leader's, before that was trimmed.
    const from = Math.max(seen.checkedTo, log.logStartOffset)
    for (const entry of seen.walk.between(from, log.highWatermark)) {
      const why = ledger.enter(entry, partition.leaderEpoch)
      if (why && !excused) this.#fail('S5', partition, `on ${member.name} ${why}`)
      seen.checkedTo = entry.endOffset
    }
    if (ledger.endOffset === before) return
    const image = this.#cluster.coordinator.coordinator?.image
    const state = image?.partition(partition.topicId, partition.index)
    if (state !== undefined) this.#inSync(state)
  }

  /** Everybody in sync, and everybody eligible, has what is committed. */
  #inSync({ topicId, partition: index, isr, elr }: PartitionImage): void {
    const { endOffset } = this.ledger(topicId, index)
    const key = `${topicId}/${index}`
    if (endOffset === 0 || this.excused.has(key) || this.#uncut.has(key)) return
    const name = this.#cluster.coordinator.coordinator?.image.topicById(topicId)?.name ?? ''
    for (const id of [...isr, ...elr]) {
      const member = this.#cluster.brokers.find((each) => each.id === id)
      const partition = member?.broker?.partitions.get(name, index)
      if (partition?.log === undefined || partition.topicId !== topicId) continue
      // One that has lost its disk's trust is in sync until somebody says otherwise.
      if (partition.log.disk.failure) continue
      if (partition.log.logEndOffset < endOffset)
        this.#fail(
          'S3',
          partition,
          `${endOffset} is committed, ${member?.name} is in sync (${isr}; eligible ${elr}) and ends at ${partition.log.logEndOffset}`,
        )
    }
  }

  #fail(name: string, { topic, index }: Partition, what: string): void {
    this.#world.fail(`${name}: ${topic}-${index}: ${what}`)
  }
}

const none: readonly Partition[] = []
const keys = new WeakMap<Partition, string>()

/** Made once: it is asked for after every event. */
export function keyOf(partition: Partition): string {
  let key = keys.get(partition)
  if (key === undefined) {
    key = `${partition.topicId}/${partition.index}`
    keys.set(partition, key)
  }
  return key
}
