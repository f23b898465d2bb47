/** Requests about offsets, and what administrators ask of a group. */
import { ConsumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import { DeleteGroups } from '../../../protocol/messages/delete-groups.ts'
import { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import { ListGroups } from '../../../protocol/messages/list-groups.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { OffsetDelete } from '../../../protocol/messages/offset-delete.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { noId, type Side } from './side.ts'
import { known, memberId, type Setting, type Step } from './step.ts'

const unknownId = 'BBBBBBBBBBBBBBBBBBBBBA'
/** From these versions on topics are named by their id. */
const named = (side: Side, name: string, version: number) =>
  version >= 10
    ? { name: '', topicId: side.topicIds.get(name) ?? unknownId }
    : { name, topicId: noId }

export function offsetStep(setting: Setting): Step {
  return setting.chance.is(0.64) ? commit(setting) : fetch(setting)
}

function commit(setting: Setting): Step {
  const { chance, group, off, foreign } = setting
  const version = chance.pick([2, 3, 4, 5, 6, 7, 8, 9, 9, 10])
  const [isSimple, withId] = [chance.is(0.25), chance.is(0.3)]
  const groupInstanceId = version >= 7 && !isSimple ? setting.instanceId : null
  const topic = chance.pick(['t', 't', 'u', 'zz'])
  const partition = {
    partitionIndex: chance.pick([0, 1, 2, 9]),
    committedOffset: Math.floor(chance.next() * 100),
    committedLeaderEpoch: -1,
    committedMetadata: chance.is(0.05) ? 'x'.repeat(5_000) : chance.pick([null, 'm']),
  }
  return {
    what: `commit of ${topic} ${isSimple ? 'without a generation' : `as ${groupInstanceId}`}`,
    ...{ api: OffsetCommit, version },
    build: (side) => ({
      ...{ groupId: group, groupInstanceId, retentionTimeMs: -1 },
      generationIdOrMemberEpoch: isSimple ? -1 : known(setting, side).generation + off,
      memberId: isSimple && !withId && !foreign ? '' : memberId(setting, side),
      topics: [{ ...named(side, topic, version), partitions: [partition] }],
    }),
  }
}

function fetch(setting: Setting): Step {
  const { chance, group, off } = setting
  const version = chance.pick([1, 2, 5, 6, 7, 8, 9, 9, 10])
  const isAll = version >= 2 && chance.is(0.5)
  const asMember = version >= 9 && chance.is(0.3)
  const requireStable = version >= 7 && chance.is(0.5)
  const topicsOf = (side: Side) =>
    ['t', 'zz'].map((name) => ({ ...named(side, name, version), partitionIndexes: [0, 1, 9] }))
  return {
    what: `fetch ${isAll ? 'of all' : ''}`,
    ...{ api: OffsetFetch, version },
    build(side) {
      const topics = isAll ? null : topicsOf(side)
      if (version < 8) return { groupId: group, topics, groups: [], requireStable }
      const memberEpoch = asMember ? known(setting, side).generation + off : -1
      const id = asMember ? memberId(setting, side) : null
      return { groups: [{ groupId: group, memberId: id, memberEpoch, topics }], requireStable }
    },
  }
}

export function adminStep({ chance, group }: Setting): Step {
  const kind = chance.next()
  const includeAuthorizedOperations = chance.is(0.3)
  if (kind < 0.27)
    return {
      ...{ what: 'describe', api: DescribeGroups, version: chance.pick([3, 4, 5, 6, 6]) },
      build: () => ({ groups: [group], includeAuthorizedOperations }),
    }
  if (kind < 0.54)
    return {
      ...{ what: 'describe', api: ConsumerGroupDescribe, version: chance.pick([0, 1]) },
      build: () => ({ groupIds: [group], includeAuthorizedOperations }),
    }
  if (kind < 0.74) {
    const version = chance.pick([0, 3, 4, 5])
    const states = ['Stable', 'EMPTY', 'Reconciling', 'Assigning', 'PreparingRebalance', 'dead']
    const statesFilter = version >= 4 && chance.is(0.6) ? [chance.pick(states)] : []
    const typesFilter = version >= 5 && chance.is(0.5) ? [chance.pick(['Consumer', 'classic'])] : []
    return {
      ...{ what: 'list', api: ListGroups, version },
      build: () => ({ statesFilter, typesFilter }),
    }
  }
  if (kind < 0.88) {
    const topics = chance.pick([['t'], ['t', 'u'], ['zz', 't']])
    const partitions = [0, 1, 9].map((partitionIndex) => ({ partitionIndex }))
    return {
      ...{ what: 'delete offsets', api: OffsetDelete, version: 0 },
      build: () => ({ groupId: group, topics: topics.map((name) => ({ name, partitions })) }),
    }
  }
  return {
    ...{ what: 'delete the group', api: DeleteGroups, version: chance.pick([0, 1, 2]) },
    build: () => ({ groupsNames: [group] }),
  }
}
