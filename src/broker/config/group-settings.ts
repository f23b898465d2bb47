/** The limits of groups from the broker's configuration, read anew at every use: a change counts at once. */
import { resourceTypes } from '../../core/cluster/image.ts'
import {
  type AssignorName,
  defaultSettings,
  type GroupOverrides,
  type GroupSettings,
  type MigrationPolicy,
} from '../../core/group/settings.ts'
import type { BrokerConfig } from './broker-config.ts'
import { type ConfigImage, EffectiveConfig } from './effective-config.ts'

/** How long a new member of a classic group may wait for its first rebalance; Kafka has no key for it. */
const newMemberJoinTimeoutMs = 300_000
const minuteMs = 60_000

export function groupSettings(config: BrokerConfig, image: ConfigImage): GroupSettings {
  const effective = new EffectiveConfig(config, image)
  return {
    sessionTimeoutMsMin: config.get('group.min.session.timeout.ms'),
    sessionTimeoutMsMax: config.get('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: config.get('group.initial.rebalance.delay.ms'),
    classicMembersMax: config.get('group.max.size'),
    newMemberJoinTimeoutMs,
    consumerMembersMax: config.get('group.consumer.max.size'),
    consumerSessionTimeoutMs: config.get('group.consumer.session.timeout.ms'),
    consumerHeartbeatIntervalMs: config.get('group.consumer.heartbeat.interval.ms'),
    get consumerAssignmentIntervalMs() {
      return effective.get('group.consumer.assignment.interval.ms')
    },
    targetPieceUnits: defaultSettings.targetPieceUnits,
    answersPerPiece: defaultSettings.answersPerPiece,
    consumerAssignors: config.get('group.consumer.assignors') as readonly AssignorName[],
    consumerMigrationPolicy: config
      .get('group.consumer.migration.policy')
      .toLowerCase() as MigrationPolicy,
    regexRefreshIntervalMs: config.get('group.consumer.regex.refresh.interval.ms'),
    offsetMetadataMax: config.get('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.get('offsets.retention.minutes') * minuteMs,
    get recordBytesMax() {
      return effective.get('message.max.bytes')
    },
    ofGroup: (groupId) => overridesOf(image.configs(resourceTypes.group, groupId)),
  }
}

function overridesOf(configs: ReadonlyMap<string, string>): GroupOverrides {
  const number = (name: string) => {
    const text = configs.get(name)
    return text === undefined ? undefined : Number(text)
  }
  const sessionTimeoutMs = number('consumer.session.timeout.ms')
  const heartbeatIntervalMs = number('consumer.heartbeat.interval.ms')
  const assignmentIntervalMs = number('consumer.assignment.interval.ms')
  return {
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
    ...(heartbeatIntervalMs === undefined ? {} : { heartbeatIntervalMs }),
    ...(assignmentIntervalMs === undefined ? {} : { assignmentIntervalMs }),
  }
}
