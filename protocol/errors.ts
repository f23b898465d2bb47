/**
 * The error codes of Kafka 4.3.1. `retriable`: the same request may succeed later. `refresh`: it
 * may succeed after asking for metadata (or the coordinator) again.
 */
type Row = readonly [code: number, message: string, retry?: 'retriable' | 'refresh']

const table = {
  UNKNOWN_SERVER_ERROR: [-1, 'The broker failed in a way it did not expect'],
  NONE: [0, 'No error'],
  OFFSET_OUT_OF_RANGE: [1, 'The offset lies outside the log'],
  CORRUPT_MESSAGE: [2, 'A record batch is damaged or malformed', 'retriable'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, 'The broker does not host this partition', 'refresh'],
  INVALID_FETCH_SIZE: [4, 'The fetch size is not valid'],
  LEADER_NOT_AVAILABLE: [5, 'The partition has no leader at the moment', 'refresh'],
  NOT_LEADER_OR_FOLLOWER: [6, 'The broker does not lead or follow this partition', 'refresh'],
  REQUEST_TIMED_OUT: [7, 'The request took too long', 'retriable'],
  BROKER_NOT_AVAILABLE: [8, 'The broker is not available'],
  REPLICA_NOT_AVAILABLE: [9, 'The replica is not available', 'refresh'],
  MESSAGE_TOO_LARGE: [10, 'A record batch is larger than the topic allows'],
  STALE_CONTROLLER_EPOCH: [11, 'The controller has moved to another broker'],
  OFFSET_METADATA_TOO_LARGE: [12, 'The metadata of an offset commit is too large'],
  NETWORK_EXCEPTION: [13, 'The connection broke before the answer came', 'refresh'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, 'The coordinator is still loading its state', 'retriable'],
  COORDINATOR_NOT_AVAILABLE: [15, 'There is no coordinator at the moment', 'refresh'],
  NOT_COORDINATOR: [16, 'The broker is not the coordinator', 'refresh'],
  INVALID_TOPIC_EXCEPTION: [17, 'The topic name is not valid, or the topic is internal'],
  RECORD_LIST_TOO_LARGE: [18, 'The batches are larger than a segment'],
  NOT_ENOUGH_REPLICAS: [19, 'Too few replicas are in sync', 'retriable'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    'Written, but too few replicas are in sync since',
    'retriable',
  ],
  INVALID_REQUIRED_ACKS: [21, 'acks must be -1, 0 or 1'],
  ILLEGAL_GENERATION: [22, 'The generation is not that of the group'],
  INCONSISTENT_GROUP_PROTOCOL: [23, 'The group has no member protocol in common with this one'],
  INVALID_GROUP_ID: [24, 'The group id is not valid'],
  UNKNOWN_MEMBER_ID: [25, 'The group has no such member'],
  INVALID_SESSION_TIMEOUT: [26, 'The session timeout is outside the bounds of the broker'],
  REBALANCE_IN_PROGRESS: [27, 'The group is rebalancing: rejoin it'],
  INVALID_COMMIT_OFFSET_SIZE: [28, 'The offset commit is too large'],
  TOPIC_AUTHORIZATION_FAILED: [29, 'Not allowed on this topic'],
  GROUP_AUTHORIZATION_FAILED: [30, 'Not allowed on this group'],
  CLUSTER_AUTHORIZATION_FAILED: [31, 'Not allowed on the cluster'],
  INVALID_TIMESTAMP: [32, 'A timestamp is outside the bounds of the topic'],
  UNSUPPORTED_SASL_MECHANISM: [33, 'The SASL mechanism is not enabled'],
  ILLEGAL_SASL_STATE: [34, 'The request is not possible at this step of authentication'],
  UNSUPPORTED_VERSION: [35, 'The version of the API is not supported'],
  TOPIC_ALREADY_EXISTS: [36, 'A topic of this name exists already'],
  INVALID_PARTITIONS: [37, 'The number of partitions is not valid'],
  INVALID_REPLICATION_FACTOR: [38, 'The replication factor is below 1 or above the broker count'],
  INVALID_REPLICA_ASSIGNMENT: [39, 'The replica assignment is not valid'],
  INVALID_CONFIG: [40, 'The configuration is not valid'],
  NOT_CONTROLLER: [41, 'The broker is not the controller', 'retriable'],
  INVALID_REQUEST: [42, 'The request makes no sense'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, 'The format of the records does not support this'],
  POLICY_VIOLATION: [44, 'A policy of the cluster forbids this'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, "The producer's sequence number leaves a gap"],
  DUPLICATE_SEQUENCE_NUMBER: [46, "The producer's sequence number was seen before"],
  INVALID_PRODUCER_EPOCH: [47, 'A newer producer has taken over'],
  INVALID_TXN_STATE: [48, 'The transaction is not in a state for this'],
  INVALID_PRODUCER_ID_MAPPING: [49, 'The producer id is not that of the transactional id'],
  INVALID_TRANSACTION_TIMEOUT: [50, 'The transaction timeout is above the bound of the broker'],
  CONCURRENT_TRANSACTIONS: [51, 'The transaction before is still being completed', 'retriable'],
  TRANSACTION_COORDINATOR_FENCED: [52, 'A newer transaction coordinator has taken over'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, 'Not allowed on this transactional id'],
  SECURITY_DISABLED: [54, 'The broker has no authorizer'],
  OPERATION_NOT_ATTEMPTED: [55, 'Not tried, since another part of the request failed'],
  KAFKA_STORAGE_ERROR: [56, 'The disk of the partition failed', 'refresh'],
  LOG_DIR_NOT_FOUND: [57, 'The broker has no such log directory'],
  SASL_AUTHENTICATION_FAILED: [58, 'Authentication failed'],
  UNKNOWN_PRODUCER_ID: [59, 'The partition does not remember the producer'],
  REASSIGNMENT_IN_PROGRESS: [60, 'A reassignment is in progress'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, 'Delegation tokens are not enabled'],
  DELEGATION_TOKEN_NOT_FOUND: [62, 'There is no such delegation token'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, 'The delegation token has another owner'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [64, 'Not allowed over this kind of connection'],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, 'Not allowed on this delegation token'],
  DELEGATION_TOKEN_EXPIRED: [66, 'The delegation token has expired'],
  INVALID_PRINCIPAL_TYPE: [67, 'The type of the principal is not supported'],
  NON_EMPTY_GROUP: [68, 'The group has members'],
  GROUP_ID_NOT_FOUND: [69, 'There is no such group'],
  FETCH_SESSION_ID_NOT_FOUND: [70, 'There is no such fetch session', 'retriable'],
  INVALID_FETCH_SESSION_EPOCH: [71, 'The epoch of the fetch session is not next', 'retriable'],
  LISTENER_NOT_FOUND: [72, 'The leader has no listener of this name', 'refresh'],
  TOPIC_DELETION_DISABLED: [73, 'The deletion of topics is disabled'],
  FENCED_LEADER_EPOCH: [74, 'The leader epoch is older than the current one', 'refresh'],
  UNKNOWN_LEADER_EPOCH: [75, 'The leader epoch is newer than the one known here', 'retriable'],
  UNSUPPORTED_COMPRESSION_TYPE: [76, 'The compression is not supported for this client'],
  STALE_BROKER_EPOCH: [77, 'The broker has registered again since'],
  OFFSET_NOT_AVAILABLE: [78, 'The high watermark has not caught up with the leader', 'retriable'],
  MEMBER_ID_REQUIRED: [79, 'Join again with the member id of this answer'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, 'The preferred leader is not available', 'refresh'],
  GROUP_MAX_SIZE_REACHED: [81, 'The group is full'],
  FENCED_INSTANCE_ID: [82, 'Another member uses this group instance id'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, 'No replica is eligible for leadership', 'refresh'],
  ELECTION_NOT_NEEDED: [84, 'The partition has the leader that it should have', 'refresh'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, 'No reassignment is in progress'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, 'The group still reads this topic'],
  INVALID_RECORD: [87, 'A record is not valid for this topic'],
  UNSTABLE_OFFSET_COMMIT: [88, 'A transaction has offsets pending', 'retriable'],
  THROTTLING_QUOTA_EXCEEDED: [89, 'A quota is exceeded', 'retriable'],
  PRODUCER_FENCED: [90, 'A newer producer has taken over the transactional id'],
  RESOURCE_NOT_FOUND: [91, 'There is no such resource'],
  DUPLICATE_RESOURCE: [92, 'The resource occurs twice'],
  UNACCEPTABLE_CREDENTIAL: [93, 'The credential is not acceptable'],
  INCONSISTENT_VOTER_SET: [94, 'The sets of voters differ'],
  INVALID_UPDATE_VERSION: [
    95,
    'The state has changed since: the update is based on an old version',
  ],
  FEATURE_UPDATE_FAILED: [96, 'The feature could not be updated'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, 'The forwarded principal is malformed'],
  SNAPSHOT_NOT_FOUND: [98, 'There is no such snapshot'],
  POSITION_OUT_OF_RANGE: [99, 'The position lies outside the snapshot'],
  UNKNOWN_TOPIC_ID: [100, 'The broker hosts no topic of this id', 'refresh'],
  DUPLICATE_BROKER_REGISTRATION: [101, 'Another broker is registered with this id'],
  BROKER_ID_NOT_REGISTERED: [102, 'The broker is not registered'],
  INCONSISTENT_TOPIC_ID: [103, 'The topic has another id in the log', 'refresh'],
  INCONSISTENT_CLUSTER_ID: [104, 'The cluster id is that of another cluster'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, 'There is no such transactional id'],
  FETCH_SESSION_TOPIC_ID_ERROR: [
    106,
    'The fetch session mixes topic names and topic ids',
    'retriable',
  ],
  INELIGIBLE_REPLICA: [107, 'A new in-sync replica is not eligible'],
  NEW_LEADER_ELECTED: [108, 'The change was made, and another leader elected'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, 'The offset lies in remote storage'],
  FENCED_MEMBER_EPOCH: [110, 'The member epoch is fenced: rejoin the group'],
  UNRELEASED_INSTANCE_ID: [111, 'The group instance id is still in use'],
  UNSUPPORTED_ASSIGNOR: [112, 'The assignor is not known to the group coordinator'],
  STALE_MEMBER_EPOCH: [113, 'The member epoch is old: retry with the current one'],
  MISMATCHED_ENDPOINT_TYPE: [114, 'The request came to the wrong kind of endpoint'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, 'This kind of endpoint is not supported'],
  UNKNOWN_CONTROLLER_ID: [116, 'There is no controller with this id'],
  UNKNOWN_SUBSCRIPTION_ID: [117, 'The telemetry subscription is not the current one'],
  TELEMETRY_TOO_LARGE: [118, 'The metrics are too large'],
  INVALID_REGISTRATION: [119, 'The registration is not valid'],
  TRANSACTION_ABORTABLE: [120, 'The transaction can only be aborted'],
  INVALID_RECORD_STATE: [121, 'A record is not in a state to be acknowledged'],
  SHARE_SESSION_NOT_FOUND: [122, 'There is no such share session', 'retriable'],
  INVALID_SHARE_SESSION_EPOCH: [123, 'The epoch of the share session is not next', 'retriable'],
  FENCED_STATE_EPOCH: [124, 'The state epoch is older than the current one'],
  INVALID_VOTER_KEY: [125, 'The key of the voter does not match'],
  DUPLICATE_VOTER: [126, 'The voter is in the set already'],
  VOTER_NOT_FOUND: [127, 'There is no such voter'],
  INVALID_REGULAR_EXPRESSION: [128, 'The regular expression is not valid'],
  REBOOTSTRAP_REQUIRED: [129, "The client's metadata is too old: it must start anew"],
  STREAMS_INVALID_TOPOLOGY: [130, 'The topology is not valid'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, 'The topology epoch is not valid'],
  STREAMS_TOPOLOGY_FENCED: [132, 'The topology epoch is old'],
  SHARE_SESSION_LIMIT_REACHED: [
    133,
    'The broker has as many share sessions as it may',
    'retriable',
  ],
} as const satisfies Record<string, Row>

type Table = typeof table
export type ErrorName = keyof Table

export interface KafkaError {
  readonly code: number
  readonly name: ErrorName
  readonly message: string
  readonly retriable: boolean
  readonly refresh: boolean
}

const rows = Object.entries(table) as [ErrorName, Row][]

/** What is known of an error, by its name: `errors.NOT_CONTROLLER.retriable`. */
export const errors = Object.fromEntries(
  rows.map(([name, [code, message, retry]]) => [
    name,
    { code, name, message, retriable: retry !== undefined, refresh: retry === 'refresh' },
  ]),
) as { readonly [K in ErrorName]: KafkaError & { readonly code: Table[K][0]; readonly name: K } }

/** The bare numbers: `ErrorCode.UNKNOWN_TOPIC_ID` is 100. */
export const ErrorCode = Object.fromEntries(rows.map(([name, [code]]) => [name, code])) as {
  readonly [K in ErrorName]: Table[K][0]
}

const byCode = new Map<number, KafkaError>(
  Object.values(errors).map((error) => [error.code, error]),
)

/** Codes of a later Kafka come out as UNKNOWN_SERVER_ERROR, as in the clients. */
export function errorByCode(code: number): KafkaError {
  return byCode.get(code) ?? errors.UNKNOWN_SERVER_ERROR
}
