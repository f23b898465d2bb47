/** Every version of each API about groups, asked of groups in every state: good requests, and bad ones. */
import { ConsumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { DeleteGroups } from '../../../protocol/messages/delete-groups.ts'
import { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import { ListGroups } from '../../../protocol/messages/list-groups.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { OffsetDelete } from '../../../protocol/messages/offset-delete.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { beating, Script } from './script.ts'
import { noId, type Side } from './side.ts'

const range = ({ versions: [min, max] }: { versions: readonly [number, number] }) =>
  Array.from({ length: max - min + 1 }, (_, i) => min + i)

/** A version 0 subscription to t. */
const metadata = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255])
const unknownId = 'BBBBBBBBBBBBBBBBBBBBBA'

const joining = (groupId: string, version: number, memberId = '', rest: object = {}) => ({
  ...{ groupId, sessionTimeoutMs: 60_000, memberId, groupInstanceId: null },
  rebalanceTimeoutMs: version >= 1 ? 60_000 : -1,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata }],
  reason: null,
  ...rest,
})

const syncing = (groupId: string, memberId: string, generationId: number, version: number) => ({
  ...{ groupId, memberId, generationId, groupInstanceId: null },
  protocolType: version >= 5 ? 'consumer' : null,
  protocolName: version >= 5 ? 'range' : null,
  assignments: [{ memberId, assignment: Buffer.alloc(0) }],
})

const leaving = (
  groupId: string,
  version: number,
  memberId: string,
  instanceId: string | null,
) => ({
  groupId,
  memberId: version < 3 ? memberId : '',
  members: version < 3 ? [] : [{ memberId, groupInstanceId: instanceId, reason: null }],
})

interface Member {
  readonly memberId: string
  readonly generation: number
}
const nobody: Member = { memberId: '', generation: -1 }

/** A member joins in this version, syncs and beats. */
async function joinAlone(script: Script, groupId: string, version: number): Promise<Member> {
  let answer = await script.ask(
    `join ${version}`,
    JoinGroup,
    version,
    joining(groupId, version),
    groupId,
  )
  if (answer.errorCode === 79) {
    const again = joining(groupId, version, answer.memberId)
    answer = await script.ask(`join again ${version}`, JoinGroup, version, again, groupId)
  }
  const { memberId, generationId: generation } = answer
  const syncVersion = Math.min(version, 5)
  const sync = syncing(groupId, memberId, generation, syncVersion)
  await script.ask(`sync ${syncVersion}`, SyncGroup, syncVersion, sync, groupId)
  const beat = { groupId, memberId, generationId: generation, groupInstanceId: null }
  await script.ask('heartbeat', Heartbeat, Math.min(version, 4), beat, groupId)
  return { memberId, generation }
}

/** Groups in every state, and the members that they have. */
async function prepare(script: Script, run: string): Promise<Map<string, Member>> {
  const groups = new Map<string, Member>([
    ['', nobody],
    [`${run}-none`, nobody],
    [`${run}-simple`, nobody],
  ])
  for (const [what, rest] of [
    ['classic', {}],
    ['connect', { protocolType: 'connect' }],
  ] as const) {
    const groupId = `${run}-${what}`
    const joined = await script.ask('join', JoinGroup, 3, joining(groupId, 3, '', rest), groupId)
    const { memberId, generationId } = joined
    await script.ask('sync', SyncGroup, 3, syncing(groupId, memberId, generationId, 3), groupId)
    groups.set(groupId, { memberId, generation: generationId })
  }
  const left = await joinAlone(script, `${run}-left`, 3)
  const leave = leaving(`${run}-left`, 1, left.memberId, null)
  await script.ask('leave', LeaveGroup, 1, leave, `${run}-left`)
  groups.set(`${run}-left`, left)
  const isNew = await script.ask('join', ConsumerGroupHeartbeat, 1, beating(`${run}-new`, 0))
  groups.set(`${run}-new`, { memberId: 'own', generation: isNew.memberEpoch })
  return groups
}

export async function lives(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  for (const version of range(JoinGroup)) {
    const groupId = `${run}-life-${version}`
    const { memberId } = await joinAlone(script, groupId, version)
    const leaveVersion = Math.min(version, 5)
    const leave = leaving(groupId, leaveVersion, memberId, null)
    await script.ask(`leave ${leaveVersion}`, LeaveGroup, leaveVersion, leave, groupId)
    const deleteVersion = version % 3
    const request = { groupsNames: [groupId, '', `${run}-none`] }
    await script.ask(`delete ${deleteVersion}`, DeleteGroups, deleteVersion, request)
  }
  return script.answers
}

/** What a group refuses of members that are none of its own, or speak of another generation. */
export async function badMembers(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const groups = await prepare(script, run)
  for (const [groupId, { memberId, generation }] of groups) {
    for (const version of range(JoinGroup)) {
      const bad: [what: string, memberId: string, rest: object][] = [
        ['foreign', 'foreign', {}],
        ['short session', '', { sessionTimeoutMs: 5_999 }],
        ['long session', '', { sessionTimeoutMs: 1_800_001 }],
        ['unknown protocol', 'foreign', { protocols: [{ name: 'nope', metadata }] }],
      ]
      // To a group without members these are good.
      if (memberId !== '' && !groupId.endsWith('left'))
        bad.push(
          ['no protocols', '', { protocols: [] }],
          ['other type', '', { protocolType: 'other' }],
        )
      for (const [what, id, rest] of bad)
        await script.ask(
          `${groupId}: ${what}`,
          JoinGroup,
          version,
          joining(groupId, version, id, rest),
        )
    }
    const wrong: [id: string, generation: number, instanceId: string | null][] = [
      ['foreign', generation, null],
      [memberId || 'x', generation + 1, null],
      [memberId || 'x', generation, 'nobody'],
      ['', -1, null],
    ]
    for (const [id, generationId, instanceId] of wrong) {
      const who = { groupId, memberId: id, generationId }
      const instance = (since: number, version: number) => (version >= since ? instanceId : null)
      for (const version of range(Heartbeat))
        await script.ask(`beat of ${id}`, Heartbeat, version, {
          ...who,
          groupInstanceId: instance(3, version),
        })
      for (const version of range(SyncGroup)) {
        const sync = syncing(groupId, id, generationId, version)
        const request = { ...sync, groupInstanceId: instance(3, version) }
        await script.ask(`sync of ${id}`, SyncGroup, version, request)
      }
    }
    for (const version of range(LeaveGroup)) {
      await script.ask(
        'foreign leave',
        LeaveGroup,
        version,
        leaving(groupId, version, 'foreign', null),
      )
      if (version >= 3)
        await script.ask('leave', LeaveGroup, version, leaving(groupId, version, '', 'nobody'))
    }
  }
  return script.answers
}

/** Bad heartbeats of the new protocol. */
export async function badHeartbeats(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const groups = await prepare(script, run)
  const owned = [{ topicId: side.topicIds.get('t')!, partitions: [0] }]
  for (const version of range(ConsumerGroupHeartbeat))
    for (const groupId of groups.keys()) {
      const all: [epoch: number, rest: object][] = [
        [0, { subscribedTopicNames: null }],
        [0, { rebalanceTimeoutMs: -1 }],
        [0, { topicPartitions: null }],
        [0, { topicPartitions: owned }],
        [0, { serverAssignor: 'nope' }],
        [0, { instanceId: '' }],
        [0, { rackId: ' ' }],
        ...(version >= 1
          ? ([
              [0, { memberId: '' }],
              [0, { subscribedTopicRegex: '(' }],
            ] as [number, object][])
          : []),
        [5, { memberId: '' }],
        [5, { memberId: 'foreign' }],
        [99, {}],
        [-1, { memberId: 'foreign' }],
        [-1, { memberId: '' }],
        [-2, {}],
        [-2, { instanceId: 'nobody' }],
        [-3, {}],
      ]
      for (const [epoch, rest] of all) {
        // A group without members is made, or made another, by what is good.
        const what = `${groupId}, epoch ${epoch}, ${JSON.stringify(rest)}`
        await script.ask(what, ConsumerGroupHeartbeat, version, beating(groupId, epoch, rest))
      }
    }
  return script.answers
}

export async function offsets(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const groups = await prepare(script, run)
  const named = (name: string, version: number) =>
    version >= 10
      ? { name: '', topicId: side.topicIds.get(name) ?? unknownId }
      : { name, topicId: noId }
  const partition = (
    partitionIndex: number,
    committedOffset: number,
    committedMetadata: string | null = null,
  ) => ({
    ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, committedMetadata },
  })
  for (const [groupId, { memberId, generation }] of groups)
    for (const version of range(OffsetCommit)) {
      const commit = (who: Member, instanceId: string | null = null) => ({
        ...{ groupId, memberId: who.memberId, retentionTimeMs: -1 },
        generationIdOrMemberEpoch: who.generation,
        groupInstanceId: version >= 7 ? instanceId : null,
        topics: [
          {
            ...named('t', version),
            partitions: [
              partition(0, version),
              partition(1, -7, 'm'),
              partition(-1, 1),
              partition(99, 1),
              partition(2, 1, 'x'.repeat(4_097)),
            ],
          },
          { ...named('zz', version), partitions: [partition(0, 1)] },
        ],
      })
      const committers: [Member, string | null][] = [
        [nobody, null],
        [{ memberId, generation }, null],
        [{ memberId, generation: generation + 1 }, null],
        [{ memberId, generation: 0 }, null],
        [{ memberId: 'foreign', generation }, null],
        [{ memberId, generation }, 'nobody'],
      ]
      for (const [who, instanceId] of committers)
        await script.ask(
          `${groupId}: commit ${version} of ${who.memberId && 'member'} in ${who.generation}`,
          OffsetCommit,
          version,
          commit(who, instanceId),
        )
    }
  for (const version of range(OffsetFetch)) {
    const asked = [
      { ...named('t', version), partitionIndexes: [0, 1, 2, -1, 99] },
      { ...named('zz', version), partitionIndexes: [0] },
    ]
    for (const topics of version >= 2 ? [asked, null, []] : [asked]) {
      const requireStable = version >= 7
      if (version < 8) {
        for (const groupId of groups.keys())
          await script.ask(`${groupId}: fetch`, OffsetFetch, version, {
            groupId,
            topics,
            groups: [],
            requireStable,
          })
        continue
      }
      const of = (epoch: (member: Member) => number, id: (member: Member) => string | null) =>
        [...groups].map(([groupId, member]) => ({
          groupId,
          topics,
          memberId: id(member),
          memberEpoch: epoch(member),
        }))
      const whole = of(
        () => -1,
        () => null,
      )
      await script.ask(`fetch ${version}`, OffsetFetch, version, { groups: whole, requireStable })
      if (version < 9) continue
      for (const off of [0, 1, -1]) {
        const asMember = of(
          ({ generation }) => generation + off,
          ({ memberId }) => memberId || null,
        )
        await script.ask(`fetch as member, ${off}`, OffsetFetch, version, {
          groups: asMember,
          requireStable,
        })
      }
      const foreign = of(
        ({ generation }) => generation,
        () => 'foreign',
      )
      await script.ask('fetch as a stranger', OffsetFetch, version, {
        groups: foreign,
        requireStable,
      })
    }
  }
  const partitions = [0, 1, -1, 99].map((partitionIndex) => ({ partitionIndex }))
  const topics = ['t', 'u', 'zz'].map((name) => ({ name, partitions }))
  for (const groupId of groups.keys())
    await script.ask(`${groupId}: delete offsets`, OffsetDelete, 0, { groupId, topics })
  return script.answers
}

export async function administration(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const groups = [...(await prepare(script, run)).keys()]
  const client = await side.client('scripted')
  for (const version of range(DescribeGroups))
    for (const includeAuthorizedOperations of version >= 3 ? [false, true] : [false])
      await script.ask(`describe ${version}`, DescribeGroups, version, {
        groups,
        includeAuthorizedOperations,
      })
  for (const version of range(ConsumerGroupDescribe))
    for (const includeAuthorizedOperations of [false, true])
      await script.ask(`describe ${version}`, ConsumerGroupDescribe, version, {
        groupIds: groups,
        includeAuthorizedOperations,
      })
  for (const version of range(ListGroups)) {
    const states = version >= 4 ? [[], ['stable'], ['EMPTY', 'Dead'], ['nonsense'], ['']] : [[]]
    const types = version >= 5 ? [[], ['CLASSIC'], ['consumer'], ['nonsense']] : [[]]
    for (const statesFilter of states)
      for (const typesFilter of types) {
        const answer: any = await client.ask(ListGroups, version, { statesFilter, typesFilter })
        const own = answer.groups.filter(({ groupId }: any) => groupId.startsWith(run))
        const listed = side.canonical({ ...answer, groups: own }, false)
        script.answers.push(
          `list ${version} ${statesFilter} ${typesFilter}: ${JSON.stringify(listed)}`,
        )
      }
  }
  for (const version of range(DeleteGroups))
    await script.ask(`delete ${version}`, DeleteGroups, version, { groupsNames: groups })
  return script.answers
}
