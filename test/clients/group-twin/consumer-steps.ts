/** Requests of members of the new protocol (KIP-848). */
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import type { Side } from './side.ts'
import { known, memberId, type Setting, type Step } from './step.ts'

export function consumerStep(setting: Setting): Step {
  const kind = setting.chance.next()
  const version = setting.chance.pick([0, 1, 1])
  if (kind < 0.35) return join(setting, version)
  return kind < 0.85 ? beat(setting, version) : leave(setting, version)
}

const unchanged = {
  ...{ rackId: null, rebalanceTimeoutMs: -1, serverAssignor: null },
  ...{ subscribedTopicNames: null, subscribedTopicRegex: null },
}

const subscribed = ({ chance, mode }: Setting): string[] =>
  chance.pick(mode.assignor === 'range' ? [['t'], ['t', 'u'], ['u'], ['t']] : [['t']])

function join(setting: Setting, version: number): Step {
  const { chance, mode, actor, group, instanceId } = setting
  const subscribedTopicNames = subscribed(setting)
  const serverAssignor = chance.is(0.05) ? 'nope' : mode.assignor
  const subscribedTopicRegex = version >= 1 && chance.is(0.04) ? '[' : null
  const topicPartitions = chance.is(0.03) ? null : []
  return {
    what: `join as ${instanceId}`,
    ...{ api: ConsumerGroupHeartbeat, version },
    build: (side) => ({
      ...{ groupId: group, memberEpoch: 0, instanceId, rackId: null, rebalanceTimeoutMs: 60_000 },
      ...{ subscribedTopicNames, subscribedTopicRegex, serverAssignor, topicPartitions },
      memberId: memberId(setting, side) || `own-${actor}-${group}`,
    }),
    hear: (side, answer) => heard(setting, side, answer),
  }
}

function beat(setting: Setting, version: number): Step {
  const { chance, group, instanceId, off } = setting
  const [reported, change, full] = [chance.next(), chance.is(0.12), chance.is(0.2)]
  const names = subscribed(setting)
  return {
    what: `heartbeat as ${instanceId}`,
    ...{ api: ConsumerGroupHeartbeat, version },
    build(side) {
      const { generation, owned } = known(setting, side)
      const own = Object.entries(owned).map(([topic, partitions]) => ({
        ...{ topicId: side.topicIds.get(topic) ?? topic, partitions },
      }))
      const wrong = [{ topicId: side.topicIds.get('t')!, partitions: [0, 1, 2, 3] }]
      const some = reported < 0.9 ? null : reported < 0.95 ? [] : wrong
      return {
        ...unchanged,
        ...{ groupId: group, memberEpoch: Math.max(generation, 1) + off, instanceId },
        memberId: memberId(setting, side),
        rebalanceTimeoutMs: full ? 60_000 : -1,
        subscribedTopicNames: change || full ? names : null,
        topicPartitions: reported < 0.65 || full ? own : some,
      }
    },
    hear: (side, answer) => heard(setting, side, answer),
  }
}

function leave(setting: Setting, version: number): Step {
  const { chance, group, instanceId } = setting
  const memberEpoch = instanceId !== null && chance.is(0.6) ? -2 : -1
  return {
    what: `leave as ${instanceId}`,
    ...{ api: ConsumerGroupHeartbeat, version },
    build: (side) => ({
      ...unchanged,
      ...{ groupId: group, memberEpoch, instanceId, topicPartitions: null },
      memberId: memberId(setting, side),
    }),
    hear(side, { errorCode }) {
      if (errorCode === 0) Object.assign(known(setting, side), { generation: -1, owned: {} })
    },
  }
}

function heard(setting: Setting, side: Side, answer: any): void {
  const own = known(setting, side)
  if (answer.errorCode === 110 || answer.errorCode === 25) {
    own.owned = {}
    own.generation = 0
  }
  if (answer.errorCode !== 0) return
  if (answer.memberId) {
    side.learn(setting.actor, answer.memberId)
    own.memberId = answer.memberId
  }
  own.generation = answer.memberEpoch
  if (answer.assignment)
    own.owned = Object.fromEntries(
      answer.assignment.topicPartitions.map(({ topicId, partitions }: any) => [
        side.topicOf(topicId),
        partitions,
      ]),
    )
}
