/**
 * What brokers and the coordinator say to each other, each message in a frame of `frame.ts`.
 *
 * A broker says Hello, is told whom to talk to, registers, and gets the whole metadata; from then
 * on it sends a Heartbeat each renewal interval and gets a Grant for it, and changes of the
 * metadata as they are committed. Everything else is a request of the broker with one answer that
 * carries the same correlation id.
 */
import { Reader, Writer } from '../bytes.ts'
import type { Codec } from '../codec.ts'
import {
  array,
  bool,
  bytes,
  type Decoded,
  type Fields,
  int8,
  int16,
  int32,
  int64,
  message as schema,
  string,
  uuid,
} from '../schema.ts'

/** Each message has version 0 now; a frame with another version is refused. */
export const messageVersion = 0

const partitionKey = { topicId: uuid, partition: int32 }

const messages = {
  hello: message(1, {
    /** Empty: this broker belongs to no cluster yet and takes the coordinator's. */
    clusterId: string,
    brokerId: int32,
    incarnation: uuid,
    minVersion: int16,
    maxVersion: int16,
  }),
  helloAck: message(2, {
    errorCode: int16,
    errorMessage: string.nullable(),
    /** False: this one is a standby; `activeAddress` (host:port, may be empty) is where to go. */
    active: bool,
    activeAddress: string,
    clusterId: string,
    leaseMs: int32,
    renewMs: int32,
    /** Assumed bound of how far two clocks' rates are apart, in millionths. */
    rhoPpm: int32,
  }),
  register: message(3, {
    brokerId: int32,
    incarnation: uuid,
    rack: string.nullable(),
    listeners: array({ name: string, host: string, port: int32, securityProtocol: int16 }),
    features: array({ name: string, minVersion: int16, maxVersion: int16 }),
    logDirs: array(uuid),
    cleanShutdown: bool,
    /** One of its directories is a copy that was not closed: what was written since may be missing. */
    restored: bool,
    bootId: uuid,
    /** From the clean shutdown file or the data directory; -1 when there is none. */
    previousBrokerEpoch: int64,
    /** Records are synced to the disk before they are acknowledged. */
    durable: bool,
  }),
  registerAck: message(4, {
    errorCode: int16,
    errorMessage: string.nullable(),
    brokerEpoch: int64,
    /** With DUPLICATE_BROKER_REGISTRATION: when the older incarnation's lease has ended. */
    retryAfterMs: int32,
  }),
  heartbeat: message(5, {
    brokerEpoch: int64,
    sequence: int64,
    /** The metadata revision that the broker acts on. */
    revision: int64,
    /** 0 starting, 1 ready, 2 wants to drain. */
    state: int8,
    loopLagMs: int32,
    offlineLogDirs: array(uuid),
    /** Those that take no new replicas (KIP-1066). */
    cordonedLogDirs: array(uuid).tag(0),
  }),
  grant: message(6, {
    sequence: int64,
    /** Counted by the broker from when it sent the heartbeat. 0: none. */
    leaseMs: int32,
    /** 0 starting (fenced), 1 active, 2 draining, 3 may stop. */
    state: int8,
    /** The coordinator's last committed revision. */
    revision: int64,
  }),
  metadata: message(7, {
    fromRevision: int64,
    toRevision: int64,
    /** 0: changes; 1: a part of a snapshot; 2: its last part. */
    snapshot: int8,
    /** A heartbeat with the new revision is waited for: the receiver leads something no more. */
    acknowledge: bool,
    /** Encoded records, one after the other. */
    records: bytes,
    serveAfter: array({ ...partitionKey, leaderEpoch: int32, serveAfterMs: int32 }),
  }),
  alterIsr: message(8, {
    brokerEpoch: int64,
    items: array({
      ...partitionKey,
      leaderEpoch: int32,
      partitionEpoch: int32,
      newIsr: array({ brokerId: int32, brokerEpoch: int64 }),
    }),
  }),
  alterIsrAck: message(9, {
    /** Of the whole request (STALE_BROKER_EPOCH). */
    errorCode: int16,
    items: array({
      ...partitionKey,
      errorCode: int16,
      leader: int32,
      leaderEpoch: int32,
      partitionEpoch: int32,
      isr: array(int32),
    }),
  }),
  relinquish: message(10, {
    brokerEpoch: int64,
    /** Empty: all that it leads. */
    items: array({ ...partitionKey, leaderEpoch: int32 }),
  }),
  staleSession: message(11, { brokerEpoch: int64, errorCode: int16 }),
  adminOp: message(12, {
    brokerEpoch: int64,
    /** Grows with each operation of a session: one that is sent twice is done once. */
    sequence: int64,
    apiKey: int16,
    apiVersion: int16,
    /** The sender's num.partitions and default.replication.factor, for requests that say -1. */
    defaultPartitions: int32,
    defaultReplicationFactor: int16,
    request: bytes,
  }),
  adminAck: message(13, {
    sequence: int64,
    errorCode: int16,
    errorMessage: string.nullable(),
    response: bytes,
  }),
  relinquishAck: message(14, { errorCode: int16 }),
  /** The coordinator's only question: where logs end of which one must be chosen. */
  askLogEnds: message(15, { question: int32, items: array(partitionKey) }),
  logEnds: message(16, {
    brokerEpoch: int64,
    question: int32,
    /** Those that have a log: `leaderEpoch` is the last in it, -1 when it is empty. */
    items: array({ ...partitionKey, leaderEpoch: int32, endOffset: int64 }),
  }),
}

type Messages = typeof messages
export type MessageType = keyof Messages
export type MessageOf<T extends MessageType> = { readonly type: T } & Readonly<
  Decoded<Messages[T]['fields']>
>
/** Any message, told apart by `type`. */
export type Message = { [T in MessageType]: MessageOf<T> }[MessageType]

function message<F extends Fields>(number: number, fields: F) {
  const versions = [messageVersion, messageVersion] as const
  const whole = schema(`coordinator message ${number}`, { versions, flexible: 0, fields })
  return { number, fields, codec: (): Codec<Decoded<F>, any> => whole.codec(messageVersion) }
}

const byNumber = new Map(
  Object.entries(messages).map(([type, { number, codec }]) => [number, { type, codec }]),
)

export function encodeMessage(message: Message): { number: number; payload: Buffer } {
  const { number, codec } = messages[message.type]
  const writer = new Writer()
  codec().write(writer, message)
  return { number, payload: writer.finish() }
}

/** Throws RangeError for an unknown type and for a payload that is too short or too long. */
export function decodeMessage(number: number, payload: Buffer): Message {
  const found = byNumber.get(number)
  if (found === undefined) throw new RangeError(`Coordinator message type ${number} is not known`)
  const reader = new Reader(payload)
  const message = { type: found.type, ...found.codec().read(reader) }
  if (reader.remaining > 0)
    throw new RangeError(`${reader.remaining} bytes follow a ${found.type} message`)
  return message as Message
}
