/**
 * What the coordinator does with each message of a broker.
 *
 * Anything from a connection that does not carry the broker's session changes nothing: the sender
 * is told that its session is stale.
 */
import { Reader, Writer } from '../../protocol/bytes.ts'
import type { Message, MessageOf } from '../../protocol/coordinator/messages.ts'
import { errors } from '../../protocol/errors.ts'
import { AllocateProducerIds } from '../../protocol/messages/allocate-producer-ids.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { ElectLeaders } from '../../protocol/messages/elect-leaders.ts'
import { UnregisterBroker } from '../../protocol/messages/unregister-broker.ts'
import { DescribeTimeline } from '../../protocol/ottla/describe-timeline.ts'
import type { Api, RequestOf } from '../../protocol/schema.ts'
import { uncleanAsked } from '../core/cluster/elect-leaders.ts'
import type { ClusterImage } from '../core/cluster/image.ts'
import { coordinatorApi } from '../core/cluster/kafka-requests.ts'
import type { LogEndsOf } from '../core/cluster/log-ends.ts'
import type { Env } from '../env/env.ts'
import type { Kernel } from './kernel.ts'
import type { Liveness } from './liveness.ts'
import type { LogEndInquiry } from './log-end-inquiry.ts'
import type { Peer } from './peer.ts'
import { type Snapshot, snapshotParts } from './publisher.ts'

const renewalsPerLease = 4
/** Granted to a broker of this process: it ends with its connection. */
const leaseForLocalMs = 2147483647
/** What frees room, or keeps brokers and producers going. */
const neededOnFullDisk: ReadonlySet<number> = new Set([
  DeleteTopics.key,
  ElectLeaders.key,
  UnregisterBroker.key,
  AllocateProducerIds.key,
])
/** Whoever is told of it counts on the topic that the name stands for now. */
const endsOrBegins: ReadonlySet<number> = new Set([CreateTopics.key, DeleteTopics.key])
const states = { starting: 0, active: 1, draining: 2, mayStop: 3 } as const

export class BrokerRequests {
  readonly #env: Env
  readonly #kernel: Kernel
  readonly #liveness: Liveness
  readonly #inquiry: LogEndInquiry

  constructor(env: Env, kernel: Kernel, liveness: Liveness, inquiry: LogEndInquiry) {
    this.#env = env
    this.#kernel = kernel
    this.#liveness = liveness
    this.#inquiry = inquiry
  }

  get #image(): ClusterImage {
    return this.#kernel.image
  }

  receive(peer: Peer, message: Message, correlation: number): void {
    switch (message.type) {
      case 'hello':
        this.#hello(peer, message, correlation)
        return
      case 'register':
        this.#register(peer, message, correlation)
        return
      case 'heartbeat':
        this.#heartbeat(peer, message)
        return
      case 'alterIsr':
        this.#alterIsr(peer, message, correlation)
        return
      case 'relinquish':
        this.#relinquish(peer, message, correlation)
        return
      case 'adminOp':
        this.#adminOp(peer, message, correlation)
        return
      case 'logEnds':
        if (this.#inSession(peer, message.brokerEpoch)) this.#inquiry.answered(peer, message)
        return
      default:
        // What only a coordinator says.
        peer.fail(new Error(`A broker sent ${message.type}`))
    }
  }

  #hello(peer: Peer, { clusterId, brokerId, incarnation }: MessageOf<'hello'>, corr: number): void {
    const other = clusterId !== '' && clusterId !== this.#image.clusterId
    peer.brokerId = brokerId
    peer.incarnation = incarnation
    peer.send(
      {
        type: 'helloAck',
        errorCode: other ? errors.INCONSISTENT_CLUSTER_ID.code : 0,
        errorMessage: other
          ? `Broker ${brokerId} belongs to cluster ${clusterId}, this coordinator to ${this.#image.clusterId}`
          : null,
        active: true,
        activeAddress: '',
        clusterId: this.#image.clusterId,
        leaseMs: this.#kernel.sessions.leaseMs,
        renewMs: Math.round(this.#kernel.sessions.leaseMs / renewalsPerLease),
        rhoPpm: this.#kernel.sessions.rhoPpm,
      },
      corr,
    )
  }

  #register(peer: Peer, message: MessageOf<'register'>, correlation: number): void {
    const { type: _, cleanShutdown, restored, previousBrokerEpoch, durable, ...rest } = message
    const { brokerId, incarnation } = message
    const nowMs = this.#env.clock.monotonicMs()
    const answer = (ack: Partial<MessageOf<'registerAck'>>) => {
      const base = { errorCode: 0, errorMessage: null, brokerEpoch: -1, retryAfterMs: 0 }
      peer.send({ type: 'registerAck', ...base, ...ack }, correlation)
    }
    if (brokerId !== peer.brokerId || incarnation !== peer.incarnation || brokerId < 0) {
      answer({ errorCode: errors.INVALID_REGISTRATION.code, errorMessage: 'Not as in its hello' })
      return
    }
    const known = this.#image.brokers.get(brokerId)
    const other = known !== undefined && known.incarnation !== incarnation
    peer.askedMs = nowMs
    const restMs = this.#takenUntil(brokerId) - nowMs
    if (other && restMs > 0) {
      answer({
        errorCode: errors.DUPLICATE_BROKER_REGISTRATION.code,
        errorMessage: `Another incarnation of broker ${brokerId} has a session`,
        retryAfterMs: Math.min(2 ** 31 - 1, Math.ceil(restMs)),
      })
      return
    }
    const broker = { ...rest, local: peer.local }
    this.#kernel.commit(
      { kind: 'register', broker, cleanShutdown, restored, previousBrokerEpoch, durable },
      ({ brokerEpoch, errorCode, errorMessage }) => {
        if (errorCode !== 0) return () => answer({ errorCode, errorMessage })
        this.#supersede(peer)
        if (!peer.local) this.#liveness.watch()
        const snapshot = this.#snapshotFor(brokerId)
        return () => {
          if (peer.closed || this.#kernel.peers.get(brokerId) !== peer) return
          peer.brokerEpoch = brokerEpoch
          answer({ brokerEpoch })
          this.#kernel.publisher.snapshot(peer, snapshot, this.#env.clock.monotonicMs())
          this.#inquiry.connected(peer)
        }
      },
    )
  }

  /** Also who has just registered has the time of a lease to say more: two in turn would end each other for ever. */
  #takenUntil(brokerId: number): number {
    const { peers, sessions } = this.#kernel
    const holder = peers.get(brokerId)
    const reservedUntil = holder === undefined ? 0 : holder.askedMs + sessions.longestMs()
    return Math.max(sessions.expireAt(brokerId), reservedUntil)
  }

  /** From now on this connection carries the session: an older one is not listened to any more. */
  #supersede(peer: Peer): void {
    const older = this.#kernel.peers.get(peer.brokerId)
    if (older !== undefined && older !== peer) {
      older.destroy()
    }
    this.#kernel.peers.set(peer.brokerId, peer)
    this.#liveness.returned(peer.brokerId)
  }

  #snapshotFor(brokerId: number): Snapshot {
    const image = this.#image
    const led = [...image.topics()].flatMap((topic) =>
      topic.partitions.filter(({ leader }) => leader === brokerId),
    )
    return { parts: snapshotParts(image), revision: image.revision, led }
  }

  /** False (and the broker is told) when the session is not the broker's any more. */
  #inSession(peer: Peer, brokerEpoch: number): boolean {
    const current = this.#image.brokers.get(peer.brokerId)?.brokerEpoch
    if (this.#kernel.peers.get(peer.brokerId) === peer && current === brokerEpoch) return true
    const { code } = errors.STALE_BROKER_EPOCH
    peer.send({ type: 'staleSession', brokerEpoch, errorCode: code })
    return false
  }

  #heartbeat(peer: Peer, message: MessageOf<'heartbeat'>): void {
    const { brokerEpoch, sequence, revision, state, cordonedLogDirs } = message
    if (!this.#inSession(peer, brokerEpoch)) return
    const { brokerId } = peer
    const nowMs = this.#env.clock.monotonicMs()
    const { sessions, publisher } = this.#kernel
    // When a session has run out, others were told to start at once. A heartbeat that was late must
    // not revive it for a broker that does not know yet what was taken from it.
    const outdated = !sessions.live(brokerId, nowMs) && revision < publisher.deposedAt(brokerId)
    if (peer.local) sessions.renewForever(brokerId)
    else if (!outdated) sessions.renew(brokerId, nowMs)
    peer.appliedRevision = Math.max(peer.appliedRevision, revision)
    peer.wanted = state
    this.#grant(peer, outdated ? 0 : sequence)
    const broker = this.#image.brokers.get(brokerId)
    // Before it becomes active: else it would be given replicas.
    if (broker?.cordonedLogDirs.join() !== cordonedLogDirs.join())
      this.#kernel.commit({ kind: 'cordon', brokerId, logDirs: cordonedLogDirs })
    if (state === states.active && broker?.fenced)
      this.#kernel.commit({ kind: 'activate', brokerId }, () => () => this.#grant(peer, 0))
    if (state === states.draining && !broker?.draining)
      this.#kernel.commit({ kind: 'drain', brokerId }, () => () => this.#grant(peer, 0))
    this.#kernel.flush()
  }

  /** Tells those that wait for it that they may stop. */
  releaseDrained(): void {
    for (const peer of this.#kernel.peers.values())
      if (peer.wanted === states.draining && this.#mayStop(peer)) this.#grant(peer, 0)
  }

  /** `sequence` 0 tells the state only. */
  #grant(peer: Peer, sequence: number): void {
    const broker = this.#image.brokers.get(peer.brokerId)
    const leaseMs = peer.local ? leaseForLocalMs : this.#kernel.sessions.leaseMs
    peer.send({
      type: 'grant',
      sequence,
      leaseMs: sequence === 0 ? 0 : leaseMs,
      state: broker?.draining
        ? this.#mayStop(peer)
          ? states.mayStop
          : states.draining
        : broker?.fenced
          ? states.starting
          : states.active,
      revision: Math.max(0, peer.sentRevision),
    })
  }

  #mayStop(peer: Peer): boolean {
    if (!this.#kernel.settled || peer.appliedRevision < peer.sentRevision) return false
    for (const topic of this.#image.topics())
      if (topic.partitions.some(({ leader }) => leader === peer.brokerId)) return false
    return true
  }

  #alterIsr(peer: Peer, message: MessageOf<'alterIsr'>, correlation: number): void {
    const { brokerId } = peer
    if (!this.#inSession(peer, message.brokerEpoch)) {
      const errorCode = errors.STALE_BROKER_EPOCH.code
      peer.send({ type: 'alterIsrAck', errorCode, items: [] }, correlation)
      return
    }
    const { items } = message
    this.#kernel.commit({ kind: 'alterIsr', brokerId, items }, (results) => () => {
      peer.send({ type: 'alterIsrAck', errorCode: 0, items: results }, correlation)
    })
  }

  #relinquish(peer: Peer, message: MessageOf<'relinquish'>, correlation: number): void {
    const { brokerId } = peer
    if (!this.#inSession(peer, message.brokerEpoch)) {
      const errorCode = errors.STALE_BROKER_EPOCH.code
      peer.send({ type: 'relinquishAck', errorCode }, correlation)
      return
    }
    this.#kernel.commit({ kind: 'relinquish', brokerId, items: message.items }, () => {
      this.#kernel.publisher.resigned(brokerId, this.#image.revision)
      return () => peer.send({ type: 'relinquishAck', errorCode: 0 }, correlation)
    })
  }

  #adminOp(peer: Peer, op: MessageOf<'adminOp'>, correlation: number): void {
    const { sequence, apiKey, apiVersion } = op
    // A frame that comes again was done already.
    if (sequence <= peer.adminSequence) return
    peer.adminSequence = sequence
    const refuse = (error: { code: number }, errorMessage: string) => {
      const { code: errorCode } = error
      const response = Buffer.alloc(0)
      peer.send({ type: 'adminAck', sequence, errorCode, errorMessage, response }, correlation)
    }
    if (!this.#inSession(peer, op.brokerEpoch)) {
      refuse(errors.NOT_CONTROLLER, 'The session of the broker has ended')
      return
    }
    if (apiKey === DescribeTimeline.key) {
      this.#tellTimeline(peer, op, correlation)
      return
    }
    const api = coordinatorApi(apiKey)
    if (api === undefined || apiVersion < api.versions[0] || apiVersion > api.versions[1]) {
      refuse(errors.UNSUPPORTED_VERSION, `API ${apiKey} version ${apiVersion} is not decided here`)
      return
    }
    if (this.#kernel.isShortOfRoom && !neededOnFullDisk.has(apiKey)) {
      refuse(errors.KAFKA_STORAGE_ERROR, 'The disk of the coordinator is full: free some room')
      return
    }
    let request: { topics?: unknown[] }
    try {
      request = api.request(apiVersion).read(new Reader(op.request))
    } catch (error) {
      refuse(errors.INVALID_REQUEST, (error as Error).message)
      return
    }
    const candidates =
      apiKey === ElectLeaders.key
        ? uncleanAsked(this.#image, request as RequestOf<typeof ElectLeaders>)
        : []
    if (candidates.length === 0) this.#decide(peer, op, correlation, api, request)
    else
      this.#inquiry.ask(candidates, (logEnds) =>
        this.#decide(peer, op, correlation, api, request, logEnds),
      )
  }

  #decide(
    peer: Peer,
    op: MessageOf<'adminOp'>,
    correlation: number,
    api: Api<any, any>,
    request: { topics?: unknown[] },
    logEnds: readonly LogEndsOf[] = [],
  ): void {
    const { sequence, apiKey, apiVersion } = op
    const { defaultPartitions, defaultReplicationFactor } = op
    const circumstances = {
      defaultPartitions,
      defaultReplicationFactor,
      topicIds: (request.topics ?? []).map(() => this.#newTopicId()),
      draw: this.#env.random.bytes(4).readUInt32BE(),
      logEnds,
    }
    const command = { kind: 'kafka', apiKey, apiVersion, request, circumstances } as const
    this.#kernel.commit(command, (reply) => {
      const { revision } = this.#image
      const answer = () => {
        const writer = new Writer()
        api.response(apiVersion).write(writer, reply)
        const response = writer.finish()
        const done = { type: 'adminAck', sequence, errorCode: 0, errorMessage: null } as const
        peer.send({ ...done, response }, correlation)
      }
      return endsOrBegins.has(apiKey) ? () => this.#kernel.whenGone(revision, answer) : answer
    })
  }

  #tellTimeline(peer: Peer, op: MessageOf<'adminOp'>, correlation: number): void {
    const { sequence, apiVersion } = op
    const { afterSequence, limit } = DescribeTimeline.request(apiVersion).read(
      new Reader(op.request),
    )
    const writer = new Writer()
    const answer = this.#kernel.timeline.answer(afterSequence, limit)
    DescribeTimeline.response(apiVersion).write(writer, answer)
    const response = writer.finish()
    peer.send(
      { type: 'adminAck', sequence, errorCode: 0, errorMessage: null, response },
      correlation,
    )
  }

  #newTopicId(): string {
    // A leading "-" looks like an option on a command line (Kafka avoids it as well).
    for (;;) {
      const id = this.#env.random.bytes(16).toString('base64url')
      if (!id.startsWith('-') && this.#image.topicById(id) === undefined) return id
    }
  }
}
