/** The limits of groups, named as in Kafka's configuration; each has Kafka's default. */
export interface GroupSettings {
  /** `group.min.session.timeout.ms`: shorter ones let a pause of the collector end a membership. */
  sessionTimeoutMsMin: number
  /** `group.max.session.timeout.ms` */
  sessionTimeoutMsMax: number
  /** `group.initial.rebalance.delay.ms`: how long a new classic group waits for more members. */
  initialRebalanceDelayMs: number
  /** `group.max.size`: members of a classic group. Each costs memory and time in every rebalance. */
  classicMembersMax: number
  /** How long a new member of a classic group may wait for its first rebalance. */
  newMemberJoinTimeoutMs: number
  /** `group.consumer.max.size` */
  consumerMembersMax: number
  /** `group.consumer.session.timeout.ms` */
  consumerSessionTimeoutMs: number
  /** `group.consumer.heartbeat.interval.ms` */
  consumerHeartbeatIntervalMs: number
  /** `group.consumer.assignment.interval.ms`: at most one new target assignment in this time. */
  consumerAssignmentIntervalMs: number
  /**
   * Members and partitions that an assignor looks at in one piece: a few milliseconds in code that has
   * never run before. Larger groups are computed in several.
   */
  targetPieceUnits: number
  /** Members of a classic group that are told of a generation in one piece. */
  answersPerPiece: number
  /** `group.consumer.assignors`: the first is the default. */
  consumerAssignors: readonly AssignorName[]
  /** `group.consumer.migration.policy` */
  consumerMigrationPolicy: MigrationPolicy
  /** `group.consumer.regex.refresh.interval.ms` */
  regexRefreshIntervalMs: number
  /** `offset.metadata.max.bytes`: Kafka counts UTF-16 units. */
  offsetMetadataMax: number
  /** `offsets.retention.minutes`, as milliseconds. */
  offsetsRetentionMs: number
  /** The largest record that the journal takes: `max.message.bytes` of `__consumer_offsets`. */
  recordBytesMax: number
  /** Overrides of one group (`consumer.session.timeout.ms`, …): resource type GROUP. */
  ofGroup(groupId: string): GroupOverrides
}

export const assignorNames = ['uniform', 'range'] as const
export type AssignorName = (typeof assignorNames)[number]
export type MigrationPolicy = 'disabled' | 'downgrade' | 'upgrade' | 'bidirectional'

export interface GroupOverrides {
  readonly sessionTimeoutMs?: number
  readonly heartbeatIntervalMs?: number
  readonly assignmentIntervalMs?: number
}

const noOverrides: GroupOverrides = {}

export const defaultSettings: GroupSettings = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  classicMembersMax: 2 ** 31 - 1,
  newMemberJoinTimeoutMs: 300_000,
  consumerMembersMax: 2 ** 31 - 1,
  consumerSessionTimeoutMs: 45_000,
  consumerHeartbeatIntervalMs: 5_000,
  consumerAssignmentIntervalMs: 1_000,
  targetPieceUnits: 1_000,
  answersPerPiece: 500,
  consumerAssignors: ['uniform', 'range'],
  consumerMigrationPolicy: 'bidirectional',
  regexRefreshIntervalMs: 600_000,
  offsetMetadataMax: 4_096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  recordBytesMax: 1_048_588,
  ofGroup: () => noOverrides,
}
