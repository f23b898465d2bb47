/**
 * The records of `__consumer_offsets` that groups are made of: typed objects here, on disk byte for
 * byte what Kafka writes. A key is `int16 type | struct`, a value `int16 version | struct`, and a
 * null value deletes. Records of share and streams groups are left as they lie: `decodeRecord`
 * knows nothing of them.
 */
import type { DecodedOf, Message } from '../../../protocol/schema.ts'
import {
  ConsumerGroupCurrentMemberAssignmentKey,
  ConsumerGroupCurrentMemberAssignmentValue,
  ConsumerGroupMemberMetadataKey,
  ConsumerGroupMemberMetadataValue,
  ConsumerGroupMetadataKey,
  ConsumerGroupMetadataValue,
  ConsumerGroupPartitionMetadataKey,
  ConsumerGroupPartitionMetadataValue,
  ConsumerGroupRegularExpressionKey,
  ConsumerGroupRegularExpressionValue,
  ConsumerGroupTargetAssignmentMemberKey,
  ConsumerGroupTargetAssignmentMemberValue,
  ConsumerGroupTargetAssignmentMetadataKey,
  ConsumerGroupTargetAssignmentMetadataValue,
} from '../../../protocol/stored/consumer-group.ts'
import { GroupMetadataKey, GroupMetadataValue } from '../../../protocol/stored/group-metadata.ts'
import { LegacyOffsetCommitKey } from '../../../protocol/stored/legacy-offset-commit.ts'
import { OffsetCommitKey, OffsetCommitValue } from '../../../protocol/stored/offset-commit.ts'
import {
  decodeKey,
  decodeValue,
  encodeKey,
  encodeValue,
  keyType,
} from '../../../protocol/stored-record.ts'

/** `version`: the one that Kafka 4.3.1 writes. */
const kinds = {
  offset: { key: OffsetCommitKey, value: OffsetCommitValue, version: 4 },
  classicGroup: { key: GroupMetadataKey, value: GroupMetadataValue, version: 3 },
  groupEpoch: { key: ConsumerGroupMetadataKey, value: ConsumerGroupMetadataValue, version: 0 },
  /** Written before Kafka 4.1; only deleted since. */
  partitions: {
    key: ConsumerGroupPartitionMetadataKey,
    value: ConsumerGroupPartitionMetadataValue,
    version: 0,
  },
  member: {
    key: ConsumerGroupMemberMetadataKey,
    value: ConsumerGroupMemberMetadataValue,
    version: 0,
  },
  targetEpoch: {
    key: ConsumerGroupTargetAssignmentMetadataKey,
    value: ConsumerGroupTargetAssignmentMetadataValue,
    version: 0,
  },
  target: {
    key: ConsumerGroupTargetAssignmentMemberKey,
    value: ConsumerGroupTargetAssignmentMemberValue,
    version: 0,
  },
  current: {
    key: ConsumerGroupCurrentMemberAssignmentKey,
    value: ConsumerGroupCurrentMemberAssignmentValue,
    version: 0,
  },
  regex: {
    key: ConsumerGroupRegularExpressionKey,
    value: ConsumerGroupRegularExpressionValue,
    version: 0,
  },
} as const

type Kinds = typeof kinds
export type GroupRecordKind = keyof Kinds
export type KeyOf<K extends GroupRecordKind> = DecodedOf<Kinds[K]['key']>
export type ValueOf<K extends GroupRecordKind> = DecodedOf<Kinds[K]['value']>
/** A `null` value deletes what has the key. */
export type GroupRecord = {
  [K in GroupRecordKind]: {
    readonly kind: K
    readonly key: KeyOf<K>
    readonly value: ValueOf<K> | null
  }
}[GroupRecordKind]

/** A record as it stands in the log. */
export interface StoredRecord {
  readonly key: Buffer
  readonly value: Buffer | null
}

const kindByType = new Map<number, GroupRecordKind>(
  Object.entries(kinds).map(([kind, { key }]) => [key.type!, kind as GroupRecordKind]),
)

export function encodeRecord(record: GroupRecord): StoredRecord {
  const { key, value, version } = kinds[record.kind] as Kind
  if (record.value === null) return { key: encodeKey(key, record.key), value: null }
  // Only version 1 of an offset carries the expiry that clients up to OffsetCommit v4 may set.
  const isV1 = record.kind === 'offset' && record.value.expireTimestamp !== -1
  return {
    key: encodeKey(key, record.key),
    value: encodeValue(value, isV1 ? 1 : version, record.value),
  }
}

/**
 * `undefined` for kinds of records that are not kept here.
 * @throws ProtocolError when a known one is malformed or of an unknown version
 */
export function decodeRecord({ key, value }: StoredRecord): GroupRecord | undefined {
  const type = keyType(key)
  const isLegacy = type === LegacyOffsetCommitKey.type
  const kind = isLegacy ? 'offset' : kindByType.get(type)
  if (kind === undefined) return undefined
  const messages = kinds[kind] as Kind
  return {
    kind,
    // Key type 0 has the layout of type 1.
    key: decodeKey(isLegacy ? LegacyOffsetCommitKey : messages.key, key),
    value: value === null ? null : decodeValue(messages.value, value),
  } as GroupRecord
}

interface Kind {
  readonly key: Message<any>
  readonly value: Message<any>
  readonly version: number
}
