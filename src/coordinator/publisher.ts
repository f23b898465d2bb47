/**
 * Committed metadata on its way to the brokers, in order, and who must wait for whom.
 *
 * When a leader that still holds a lease is replaced, it is told first; everybody else hears of it
 * when the old leader has confirmed (then the new one may answer at once), or when its lease has
 * ended, or when it is gone (then the new one is told to wait for the rest of the lease). What was
 * committed later waits behind.
 *
 * Who leads a topic that is deleted goes on as well, until it hears of it or its lease has ended. Nobody else
 * has to wait for that, but whoever is told that the topic is gone, or that one of its name was made, is told then:
 * what is acknowledged later is the new topic's.
 */
import type { MessageOf } from '../../protocol/coordinator/messages.ts'
import { type ClusterRecord, encodeRecords } from '../../protocol/coordinator/record.ts'
import type { ClusterImage, PartitionImage } from '../core/cluster/image.ts'
import type { Sessions } from '../core/cluster/sessions.ts'
import type { Peer } from './peer.ts'

/** A leader that was replaced, and may not know it yet. */
interface Deposed {
  readonly brokerId: number
  /** The change that replaced it; a broker that acts on this revision leads no more. */
  readonly revision: number
}

/** An answer that must not come before it is true of every broker. */
interface Held {
  readonly revision: number
  readonly run: () => void
}

interface Push {
  readonly fromRevision: number
  readonly toRevision: number
  readonly records: Buffer
  readonly partitions: readonly PartitionImage[]
  /** Those that must confirm before others hear of it. */
  gates: Deposed[]
}

export interface Snapshot {
  readonly parts: readonly Buffer[]
  readonly revision: number
  /** What the receiver leads. */
  readonly led: readonly PartitionImage[]
}

/** What a broker asks for in a heartbeat while it hands over. */
const draining = 2
/** Small enough that a frame with it never comes near the limit of frames. */
const snapshotPartBytes = 1024 * 1024

export class Publisher {
  readonly #sessions: Sessions
  /** By broker id: the connection that carries its session. */
  readonly #peers: ReadonlyMap<number, Peer>
  readonly #deposed = new Map<string, Deposed[]>()
  readonly #deposedAt = new Map<number, number>()
  /** Brokers that led what was deleted. */
  #bereft: Deposed[] = []
  #held: Held[] = []
  #queue: Push[] = []
  /** Until then nobody can know who held leases before this coordinator started. */
  #graceEndMs = 0
  /** Epochs that began in that time: who led before may have been replaced by the last coordinator. */
  readonly #begunInGrace = new Map<string, number>()

  constructor(sessions: Sessions, peers: ReadonlyMap<number, Peer>) {
    this.#sessions = sessions
    this.#peers = peers
  }

  set graceEndMs(value: number) {
    this.#graceEndMs = value
  }

  /** Notes who is replaced by a decision, before it is applied; `revision` is the one it leads to. */
  depose(image: ClusterImage, records: readonly ClusterRecord[], revision: number): void {
    for (const record of records) {
      if (record.kind === 'removeTopic') this.#bereave(image, record.topicId, revision)
      if (record.kind !== 'partition') continue
      const before = image.partition(record.topicId, record.partition)
      if (before === undefined) continue
      const stays =
        before.leader === record.leader && before.leaderBrokerEpoch === record.leaderBrokerEpoch
      if (stays) continue
      const key = keyOf(record)
      if (this.#graceEndMs > 0) this.#begunInGrace.set(key, record.leaderEpoch)
      if (before.leader === -1) continue
      const { leader: brokerId } = before
      this.#deposedAt.set(brokerId, revision)
      this.#deposed.set(key, [...(this.#deposed.get(key) ?? []), { brokerId, revision }])
    }
  }

  #bereave(image: ClusterImage, topicId: string, revision: number): void {
    const brokerIds = new Set<number>()
    for (const partition of image.topicById(topicId)?.partitions ?? []) {
      if (partition.leader !== -1) brokerIds.add(partition.leader)
      for (const { brokerId } of this.#deposed.get(keyOf(partition)) ?? []) brokerIds.add(brokerId)
    }
    for (const brokerId of brokerIds) {
      this.#deposedAt.set(brokerId, revision)
      this.#bereft.push({ brokerId, revision })
    }
  }

  /** Runs when no broker answers for a topic any more that was deleted up to this revision; see `flush`. */
  whenGone(revision: number, run: () => void): void {
    this.#held.push({ revision, run })
  }

  /** The last revision in which something was taken from the broker; -1 when nothing was. */
  deposedAt(brokerId: number): number {
    return this.#deposedAt.get(brokerId) ?? -1
  }

  /** The broker had stopped leading before it was replaced in this revision. */
  resigned(brokerId: number, revision: number): void {
    this.#forget((deposed) => deposed.brokerId === brokerId && deposed.revision === revision)
  }

  #forget(over: (deposed: Deposed) => boolean): void {
    for (const [key, deposed] of this.#deposed) {
      const rest = deposed.filter((other) => !over(other))
      if (rest.length === 0) this.#deposed.delete(key)
      else this.#deposed.set(key, rest)
    }
  }

  publish(records: readonly ClusterRecord[], toRevision: number): void {
    const partitions = records.filter((record) => record.kind === 'partition')
    const gates = new Map<number, Deposed>()
    for (const partition of partitions)
      for (const deposed of this.#deposed.get(keyOf(partition)) ?? [])
        if (deposed.revision === toRevision) gates.set(deposed.brokerId, deposed)
    this.#queue.push({
      fromRevision: toRevision - records.length,
      toRevision,
      records: encodeRecords(records),
      partitions,
      gates: [...gates.values()],
    })
  }

  /** Sends what may be sent now; returns when to call again at the latest, or Infinity. */
  flush(nowMs: number): number {
    if (nowMs >= this.#graceEndMs) {
      this.#graceEndMs = 0
      this.#begunInGrace.clear()
    }
    let again = Infinity
    let open = true
    const done: Push[] = []
    for (const push of this.#queue) {
      push.gates = push.gates.filter((gate) => this.#waitsFor(gate, nowMs))
      for (const gate of push.gates) {
        const peer = this.#peers.get(gate.brokerId)
        if (peer) this.#send(peer, push, nowMs)
        again = Math.min(again, this.#sessions.expireAt(gate.brokerId))
      }
      open &&= push.gates.length === 0
      if (!open) continue
      done.push(push)
      for (const peer of this.#peers.values()) this.#send(peer, push, nowMs)
    }
    this.#queue = this.#queue.filter((push) => !done.includes(push))
    const isOver = ({ brokerId, revision }: Deposed) =>
      this.#confirmed(brokerId, revision) || !this.#sessions.live(brokerId, nowMs)
    if (this.#deposed.size > 0) this.#forget(isOver)
    if (this.#bereft.length > 0) this.#bereft = this.#bereft.filter((each) => !isOver(each))
    return Math.min(again, this.#release())
  }

  /** Returns when to look again at the latest. */
  #release(): number {
    if (this.#held.length === 0) return Infinity
    if (this.#graceEndMs > 0) return this.#graceEndMs
    const first = this.#bereft.reduce((least, each) => Math.min(least, each.revision), Infinity)
    const free = this.#held.filter(({ revision }) => revision < first)
    this.#held = this.#held.filter((held) => !free.includes(held))
    for (const { run } of free) run()
    if (this.#held.length === 0) return Infinity
    return Math.min(...this.#bereft.map(({ brokerId }) => this.#sessions.expireAt(brokerId)))
  }

  /** Every push so far has gone to everybody. */
  get idle(): boolean {
    return this.#queue.length === 0
  }

  /** The whole state, for a broker whose session begins; pushes follow from `revision` on. */
  snapshot(peer: Peer, { parts, revision, led }: Snapshot, nowMs: number): void {
    peer.sentRevision = revision
    for (const [i, records] of parts.entries()) {
      const last = i === parts.length - 1
      peer.send({
        type: 'metadata',
        fromRevision: 0,
        toRevision: revision,
        snapshot: last ? 2 : 1,
        acknowledge: false,
        records,
        serveAfter: last ? this.#serveAfter(led, nowMs, () => true) : [],
      })
    }
  }

  #send(peer: Peer, push: Push, nowMs: number): void {
    if (peer.sentRevision < 0 || peer.sentRevision >= push.toRevision) return
    if (peer.sentRevision !== push.fromRevision) return
    peer.sentRevision = push.toRevision
    peer.send({
      type: 'metadata',
      fromRevision: push.fromRevision,
      toRevision: push.toRevision,
      snapshot: 0,
      acknowledge:
        peer.wanted === draining ||
        [...push.gates, ...this.#bereft].some(({ brokerId }) => brokerId === peer.brokerId),
      records: push.records,
      serveAfter: this.#serveAfter(
        push.partitions,
        nowMs,
        (changed) => this.#begunInGrace.get(keyOf(changed)) === changed.leaderEpoch,
      ),
    })
  }

  #waitsFor({ brokerId, revision }: Deposed, nowMs: number): boolean {
    const peer = this.#peers.get(brokerId)
    return (
      peer !== undefined && peer.appliedRevision < revision && this.#sessions.live(brokerId, nowMs)
    )
  }

  #serveAfter(
    partitions: readonly PartitionImage[],
    nowMs: number,
    waitsForGrace: (partition: PartitionImage) => boolean,
  ): MessageOf<'metadata'>['serveAfter'] {
    return partitions.flatMap((changed) => {
      const { topicId, partition, leaderEpoch } = changed
      const deposed = this.#deposed.get(keyOf(changed)) ?? []
      const until = deposed
        .filter(({ brokerId, revision }) => !this.#confirmed(brokerId, revision))
        .reduce((latest, { brokerId }) => Math.max(latest, this.#sessions.expireAt(brokerId)), 0)
      const notBeforeMs = waitsForGrace(changed) ? this.#graceEndMs : 0
      const serveAfterMs = Math.ceil(Math.max(until, notBeforeMs) - nowMs)
      if (serveAfterMs <= 0) return []
      return [
        { topicId, partition, leaderEpoch, serveAfterMs: Math.min(serveAfterMs, 2 ** 31 - 1) },
      ]
    })
  }

  #confirmed(brokerId: number, revision: number): boolean {
    return (this.#peers.get(brokerId)?.appliedRevision ?? -1) >= revision
  }
}

function keyOf({ topicId, partition }: PartitionImage): string {
  return `${topicId}/${partition}`
}

/** The records of a state in buffers of a bounded size. */
export function snapshotParts(image: ClusterImage): Buffer[] {
  const parts: Buffer[] = []
  let group: ClusterRecord[] = []
  let bytes = 0
  for (const record of image.records()) {
    group.push(record)
    // A guess from above: names and lists are what makes a record long.
    bytes += record.kind === 'partition' ? 120 + 8 * record.replicas.length : 1024
    if (bytes < snapshotPartBytes) continue
    parts.push(encodeRecords(group))
    group = []
    bytes = 0
  }
  parts.push(encodeRecords(group))
  return parts
}
