/**
 * The records of the cluster's metadata: what the coordinator writes to its journal and pushes to
 * the brokers. A whole state is a list of these too (a snapshot).
 *
 * On disk and on the wire a record is `int8 kind | int8 version | fields`, the fields in the
 * flexible encoding of the schema language. A field added later gets `.since(n)` and the kind's
 * version goes up; a reader refuses kinds and versions that it does not know.
 */
import { Reader, Writer } from '../bytes.ts'
import type { Codec } from '../codec.ts'
import {
  array,
  bool,
  bytes,
  type Decoded,
  type Fields,
  float64,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  uuid,
} from '../schema.ts'

const ids = array(int32)

const kinds = {
  /** Written once, when the metadata is made, and again when `maxLeaseMs` changes. */
  cluster: kind(1, 0, {
    clusterId: string,
    /** The longest broker lease that may still be in force: how long a restarted coordinator waits. */
    maxLeaseMs: int32,
  }),
  /** Counters that never go back. `broker` and `producerIds` records raise them as well. */
  counters: kind(2, 1, {
    lastBrokerEpoch: int64,
    nextProducerId: int64,
    /** The metadata was made anew from data directories; broker epochs up to this one are from before. */
    rebuiltEpoch: int64.since(1),
  }),
  /** One process start of a broker. Fenced until it says that it is ready. */
  broker: kind(3, 2, {
    brokerId: int32,
    brokerEpoch: int64,
    incarnation: uuid,
    rack: string.nullable(),
    listeners: array({ name: string, host: string, port: int32, securityProtocol: int16 }),
    features: array({ name: string, minVersion: int16, maxVersion: int16 }),
    logDirs: array(uuid),
    /** Identifies the boot of the operating system: the page cache survives while it stays. */
    bootId: uuid,
    /** It lives in the coordinator's own process: when one of them ends, both have. */
    local: bool,
    fenced: bool,
    draining: bool,
    /** Those of `logDirs` that take no new replicas (KIP-1066). */
    cordonedLogDirs: array(uuid).since(1),
    /** The last of its epochs in which it was not fenced; 0: none, -1: not known. */
    usedEpoch: int64.since(2).default(-1),
  }),
  /** `fenced`: no leaderships, no new ISR memberships. `draining`: in controlled shutdown. */
  brokerState: kind(4, 1, {
    brokerId: int32,
    brokerEpoch: int64,
    fenced: bool,
    draining: bool,
    cordonedLogDirs: array(uuid).since(1),
  }),
  removeBroker: kind(5, 0, { brokerId: int32 }),
  topic: kind(6, 0, { topicId: uuid, name: string }),
  /** With its partitions and configurations. */
  removeTopic: kind(7, 0, { topicId: uuid }),
  /** The whole state of one partition after a change. */
  partition: kind(8, 1, {
    topicId: uuid,
    partition: int32,
    /** In order of preference for leadership. */
    replicas: ids,
    isr: ids,
    /** Eligible leader replicas (KIP-966): left the ISR while it was below min.insync.replicas. */
    elr: ids,
    /** Whom to trust when ISR and ELR have no member left: the last leader, or lost members. */
    lastKnownElr: ids,
    addingReplicas: ids,
    removingReplicas: ids,
    /** -1: none. */
    leader: int32,
    leaderEpoch: int32,
    /** The incarnation that leads: a later one of the same broker never inherits (0 without leader). */
    leaderBrokerEpoch: int64,
    partitionEpoch: int32,
    /** The leader was elected from outside ISR and ELR: acknowledged records may be lost. */
    unclean: bool,
    /** The epoch of the last leader that was elected so; -1: none. */
    uncleanEpoch: int32.since(1).default(-1),
  }),
  /** `value` null removes the override. Resource types are Kafka's: 2 topic, 4 broker, 16, 32. */
  config: kind(9, 0, {
    resourceType: int8,
    resourceName: string,
    name: string,
    value: string.nullable(),
  }),
  /** A default from the coordinator's own configuration that coordinator and leaders must agree on. */
  staticConfig: kind(10, 0, { name: string, value: string }),
  /** Level 0 removes the feature. */
  feature: kind(11, 0, { name: string, level: int16 }),
  producerIds: kind(12, 0, { brokerId: int32, brokerEpoch: int64, nextProducerId: int64 }),
  clientQuota: kind(13, 0, {
    entity: array({ entityType: string, entityName: string.nullable() }),
    key: string,
    value: float64,
    remove: bool,
  }),
  scram: kind(14, 0, {
    user: string,
    mechanism: int8,
    salt: bytes,
    storedKey: bytes,
    serverKey: bytes,
    iterations: int32,
  }),
  removeScram: kind(15, 0, { user: string, mechanism: int8 }),
}

type Kinds = typeof kinds
export type RecordKind = keyof Kinds
export type RecordOf<K extends RecordKind> = {
  readonly kind: K
} & Readonly<Decoded<Kinds[K]['fields']>>
/** Any record, told apart by `kind`. */
export type ClusterRecord = { [K in RecordKind]: RecordOf<K> }[RecordKind]

function kind<F extends Fields>(number: number, version: number, fields: F) {
  const { codec }: { codec(version: number): Codec<Decoded<F>, any> } = message(
    `metadata record ${number}`,
    {
      versions: [0, version],
      flexible: 0,
      fields,
    },
  )
  return { number, version, fields, codec }
}

const byNumber = new Map(Object.entries(kinds).map(([name, kind]) => [kind.number, { name, kind }]))

export function writeRecord(writer: Writer, record: ClusterRecord): void {
  const { number, version, codec } = kinds[record.kind]
  writer.int8(number)
  writer.int8(version)
  codec(version).write(writer, record)
}

/** Throws RangeError for kinds and versions of a later release, and for damaged bytes. */
export function readRecord(reader: Reader): ClusterRecord {
  const number = reader.int8()
  const version = reader.int8()
  const found = byNumber.get(number)
  if (found === undefined) throw new RangeError(`Metadata record kind ${number} is not known here`)
  return { kind: found.name, ...found.kind.codec(version).read(reader) } as ClusterRecord
}

export function encodeRecords(records: readonly ClusterRecord[]): Buffer {
  const writer = new Writer()
  for (const record of records) writeRecord(writer, record)
  return writer.finish()
}

export function decodeRecords(encoded: Buffer): ClusterRecord[] {
  const reader = new Reader(encoded)
  const records: ClusterRecord[] = []
  while (reader.remaining > 0) records.push(readRecord(reader))
  return records
}
