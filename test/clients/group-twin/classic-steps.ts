/** Requests of members of the classic protocol. */
import { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { known, memberId, type Setting, type Step } from './step.ts'

export function classicStep(setting: Setting): Step {
  const kind = setting.chance.next()
  if (kind < 0.45) return join(setting)
  if (kind < 0.72) return sync(setting)
  return kind < 0.87 ? heartbeat(setting) : leave(setting)
}

const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => Buffer.from([value >> 24, value >> 16, value >> 8, value])

function subscription(topics: readonly string[], version: number): Buffer {
  const names = topics.flatMap((topic) => [int16(topic.length), Buffer.from(topic)])
  const head = [int16(version), int32(topics.length), ...names, int32(-1)]
  return Buffer.concat(version >= 1 ? [...head, int32(0)] : head)
}

const assignment = (topic: string, partitions: readonly number[]) =>
  Buffer.concat([
    ...[int16(0), int32(1), int16(topic.length), Buffer.from(topic)],
    ...[int32(partitions.length), ...partitions.map(int32), int32(-1)],
  ])

function join(setting: Setting): Step {
  const { chance, mode, actor, group } = setting
  const version = chance.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 4])
  const lists = [['range'], ['range', 'rr'], ['rr', 'range'], ['rr'], ['range'], ['range'], []]
  const protocols = chance.pick(lists)
  const topics = chance.pick([['t'], ['t'], ['t', 'u'], ['u'], mode.classic === 1 ? [] : ['t']])
  const protocolType = chance.is(0.04) ? chance.pick(['connect', '']) : 'consumer'
  const sessionTimeoutMs = chance.is(0.06) ? chance.pick([100, 2_000_000]) : 60_000
  // Where members of both protocols meet, what each has depends on the order of ids: one is drawn at most.
  const own = mode.classic < 1 && actor !== 'a'
  const fresh = chance.is(0.2) && mode.classic === 1
  const isGarbage = chance.is(mode.garbage)
  const metadata = isGarbage ? Buffer.from('xx') : subscription(topics, chance.pick([0, 1]))
  const groupInstanceId = version >= 5 ? setting.instanceId : null
  return {
    what: `join as ${groupInstanceId}`,
    ...{ api: JoinGroup, version },
    build: (side) => ({
      ...{ groupId: group, sessionTimeoutMs, protocolType },
      // Kafka has no answer to who comes back from MEMBER_ID_REQUIRED with an instance id but -1.
      groupInstanceId: known(setting, side).isPending && !fresh ? null : groupInstanceId,
      rebalanceTimeoutMs: version >= 1 ? 60_000 : -1,
      memberId: fresh ? '' : memberId(setting, side) || (own ? `own-${actor}-${group}` : ''),
      protocols: protocols.map((name) => ({ name, metadata })),
      reason: version >= 8 ? 'why' : null,
    }),
    hear(side, { errorCode, ...answer }) {
      const own = known(setting, side)
      if (errorCode === 25) own.memberId = ''
      if (errorCode !== 0 && errorCode !== 79) return
      side.learn(actor, answer.memberId)
      own.memberId = answer.memberId
      own.isPending = errorCode === 79
      if (own.isPending) return
      own.generation = answer.generationId
      own.protocolName = answer.protocolName
      own.members = answer.members.map((member: any) => member.memberId)
    },
  }
}

function sync(setting: Setting): Step {
  const { chance, group, off } = setting
  const version = chance.pick([0, 1, 2, 3, 4, 5, 5])
  const withName = version >= 5 && chance.is(0.93)
  const [wrongName, empty] = [chance.is(0.05), chance.is(0.1)]
  const groupInstanceId = version >= 3 ? setting.instanceId : null
  return {
    what: `sync as ${groupInstanceId}`,
    ...{ api: SyncGroup, version },
    build(side) {
      const { generation, members, protocolName } = known(setting, side)
      const named = members.map((id) => [side.canonical(id, false), id] as const).sort()
      const share = (i: number) => [0, 1, 2, 3].filter((each) => each % named.length === i)
      return {
        ...{ groupId: group, generationId: generation + off, groupInstanceId },
        memberId: memberId(setting, side),
        protocolType: withName ? 'consumer' : null,
        protocolName: withName ? (wrongName ? 'nope' : (protocolName ?? 'range')) : null,
        assignments: empty
          ? []
          : named.map(([, id], i) => ({ memberId: id, assignment: assignment('t', share(i)) })),
      }
    },
  }
}

function heartbeat(setting: Setting): Step {
  const { chance, group, off } = setting
  const version = chance.pick([0, 1, 2, 3, 4])
  const groupInstanceId = version >= 3 ? setting.instanceId : null
  return {
    what: `heartbeat as ${groupInstanceId}`,
    ...{ api: Heartbeat, version },
    build: (side) => ({
      ...{ groupId: group, generationId: known(setting, side).generation + off, groupInstanceId },
      memberId: memberId(setting, side),
    }),
  }
}

function leave(setting: Setting): Step {
  const { chance, group, instanceId } = setting
  const version = chance.pick([0, 1, 2, 3, 4, 5])
  const byInstance = chance.is(0.3) && instanceId !== null
  return {
    what: `leave as ${instanceId}`,
    ...{ api: LeaveGroup, version },
    build(side) {
      const id = memberId(setting, side)
      if (version < 3) return { groupId: group, memberId: id, members: [] }
      const member = { memberId: byInstance ? '' : id, groupInstanceId: instanceId, reason: null }
      return { groupId: group, memberId: '', members: [member] }
    },
  }
}
