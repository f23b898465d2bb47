/** Conversations with exact steps, for what chance does not hit: each answer of both sides, named by its step. */
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { DescribeConfigs } from '../../../protocol/messages/describe-configs.ts'
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { beating, Script } from './script.ts'
import { noId, type Side } from './side.ts'

const groupResource = 32
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** `group.consumer.*` of one group (resource type GROUP): what may be set, and what heartbeats make of it. */
export async function configurations(side: Side): Promise<string[]> {
  const script = new Script(side)
  const group = 'configured'
  const alter = (name: string, value: string | null, configOperation: number, of = group) => ({
    resources: [
      {
        ...{ resourceType: groupResource, resourceName: of },
        configs: [{ name, configOperation, value }],
      },
    ],
    validateOnly: false,
  })
  const changes: [name: string, value: string | null, operation?: number][] = [
    ['consumer.heartbeat.interval.ms', '6000'],
    ['consumer.session.timeout.ms', '50000'],
    ['consumer.session.timeout.ms', '1'],
    ['consumer.session.timeout.ms', '5000'],
    ['consumer.heartbeat.interval.ms', '99999999'],
    ['consumer.heartbeat.interval.ms', 'x'],
    ['consumer.assignment.interval.ms', '1000'],
    ['consumer.assignment.interval.ms', '-1'],
    ['nothing', '1'],
    ['consumer.heartbeat.interval.ms', null, 1],
    ['consumer.heartbeat.interval.ms', '7000', 2],
  ]
  for (const [name, value, operation = 0] of changes) {
    const request = alter(name, value, operation)
    await script.ask(`${name}=${value}`, IncrementalAlterConfigs, 1, request)
    await pause(150)
    await script.ask('heartbeat', ConsumerGroupHeartbeat, 1, beating(group, 0))
  }
  const unnamed = alter('consumer.heartbeat.interval.ms', '6000', 0, '')
  await script.ask('no name', IncrementalAlterConfigs, 1, unnamed)
  const resources = [group, 'other', ''].map((resourceName) => ({
    ...{ resourceType: groupResource, resourceName, configurationKeys: null },
  }))
  const described = { resources, includeSynonyms: true, includeDocumentation: false }
  await script.ask('describe', DescribeConfigs, 4, described)
  return script.answers
}

/** What regular expressions are refused, and what the others read in the end. */
export async function regexes(side: Side): Promise<string[]> {
  const all = ['t.*', 'u|t', '[', '', '(?i)T', 'nothing', '\\p{L}', 't(?=x)', '(a)\\1', '^t$']
  const groups = [...all, 't{1,2}', '(?P<n>t)'].map((regex, i) => ({ regex, group: `regex-${i}` }))
  const script = new Script(side)
  const client = await side.client('scripted')
  const epochs = new Map<string, number>()
  for (const { regex, group } of groups) {
    const rest = { subscribedTopicRegex: regex, subscribedTopicNames: null }
    const answer = await client.ask(ConsumerGroupHeartbeat, 1, beating(group, 0, rest))
    script.answers.push(`join with ${regex}: ${answer.errorCode}`)
    if (answer.errorCode === 0) epochs.set(group, answer.memberEpoch)
  }
  // Epochs differ on purpose: what is read in the end does not.
  const read = new Map<string, string>()
  for (let round = 0; round < 8; round++) {
    await pause(250)
    for (const [group, epoch] of epochs) {
      const answer = await client.ask(ConsumerGroupHeartbeat, 1, beating(group, epoch))
      epochs.set(group, answer.memberEpoch)
      const given = answer.assignment?.topicPartitions.map(
        ({ topicId, partitions }) => `${side.topicOf(topicId)} ${partitions.length}`,
      )
      if (given) read.set(group, given.sort().join(', '))
    }
  }
  for (const { regex, group } of groups) script.answers.push(`${regex} reads ${read.get(group)}`)
  return script.answers
}

function subscription(topic: string): Buffer {
  const head = [0, 0, 0, 0, 0, 1, 0, topic.length]
  return Buffer.from([...head, ...Buffer.from(topic), 255, 255, 255, 255])
}

/** Which offsets are gone when their time is over (OffsetCommit up to 4 gives it), by the state of their group. */
export async function expiry(side: Side): Promise<string[]> {
  const script = new Script(side)
  const partition = { committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: null }
  const commit = (group: string, topic: string, index: number, forMs: number, rest: object = {}) =>
    script.ask(`commit in ${group}`, OffsetCommit, 4, {
      ...{ groupId: group, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
      retentionTimeMs: forMs,
      topics: [
        { name: topic, topicId: noId, partitions: [{ partitionIndex: index, ...partition }] },
      ],
      ...rest,
    })
  const joining = (groupId: string, protocolType: string) => ({
    ...{ groupId, sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000, memberId: '' },
    ...{ groupInstanceId: null, protocolType },
    protocols: [{ name: 'range', metadata: subscription('t') }],
  })
  /** A group of one member that reads t, with offsets of t and u. */
  const classic = async (groupId: string, protocolType = 'consumer') => {
    const joined = await script.ask('join', JoinGroup, 3, joining(groupId, protocolType), groupId)
    const { memberId, generationId } = joined
    const assignments = [{ memberId, assignment: Buffer.alloc(0) }]
    const sync = { groupId, generationId, memberId, groupInstanceId: null, assignments }
    await script.ask('sync', SyncGroup, 3, sync, groupId)
    const asMember = { generationIdOrMemberEpoch: generationId, memberId }
    for (const topic of ['t', 'u']) await commit(groupId, topic, 0, 1, asMember)
    return memberId as string
  }
  await commit('simple', 't', 0, 1)
  await commit('partly', 't', 0, 1)
  await commit('partly', 't', 1, -1)
  await commit('at once', 't', 0, 0)
  await commit('before', 't', 0, -5)
  await classic('stable')
  await classic('connect', 'connect')
  const memberId = await classic('left')
  await script.ask('leave', LeaveGroup, 2, { groupId: 'left', memberId, members: [] }, 'left')
  await classic('rebalancing')
  const waits = await side.client('waits')
  waits.ask(JoinGroup, 3, joining('rebalancing', 'consumer')).catch(() => {})
  await script.ask('join', ConsumerGroupHeartbeat, 1, beating('new', 0))
  await pause(4_000)
  const groups = ['simple', 'partly', 'at once', 'before', 'stable', 'connect', 'left']
  for (const groupId of [...groups, 'rebalancing', 'new']) {
    const asked = { groupId, topics: null, groups: [], requireStable: false }
    await script.ask(`what is left in ${groupId}`, OffsetFetch, 7, asked)
  }
  return script.answers
}
