/** Static members of the classic protocol that are replaced in each state of their group, and leave in every way (KIP-345). */
import { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import { Script } from './script.ts'
import { noId, type Side } from './side.ts'

/** A version 0 subscription to t, and another one. */
const metadata = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255])
const other = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 117, 255, 255, 255, 255])

export async function classicStatics(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  for (const version of [5, 6, 7, 8, 9]) {
    await replaced(script, `${run}-static-${version}`, version)
    await leavers(script, `${run}-leaving-${version}`, Math.min(version, 5))
  }
  return script.answers
}

const joining = (groupId: string, groupInstanceId: string | null, rest: object = {}) => ({
  ...{ groupId, sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000, memberId: '' },
  ...{ groupInstanceId, protocolType: 'consumer' },
  protocols: [{ name: 'range', metadata }],
  reason: null,
  ...rest,
})

class StaticGroup {
  readonly #script: Script
  readonly #group: string
  readonly #version: number
  generation = 0
  /** By instance id. */
  readonly ids = new Map<string, string>()

  constructor(script: Script, group: string, version: number) {
    this.#script = script
    this.#group = group
    this.#version = version
  }

  async join(instanceId: string, rest: object = {}): Promise<any> {
    const pending = await this.begin(instanceId, rest)
    return this.joined(instanceId, await pending.heard())
  }

  /** The answer waits for others. */
  begin(instanceId: string, rest: object = {}) {
    const request = joining(this.#group, instanceId, rest)
    return this.#first(`${instanceId} joins`, JoinGroup, this.#version, request, instanceId)
  }

  /** Two connections are served in any order: what others ask comes behind this. */
  async #first(...asking: Parameters<Script['begin']>) {
    const pending = await this.#script.begin(...asking)
    await new Promise((resolve) => setTimeout(resolve, 100))
    return pending
  }

  joined(instanceId: string, answer: any): any {
    if (answer.errorCode !== 0) return answer
    this.ids.set(instanceId, answer.memberId)
    this.generation = answer.generationId
    return answer
  }

  beginSync(instanceId: string, memberId = this.ids.get(instanceId)!) {
    const assignments = [...this.ids.values()].map((id) => ({
      ...{ memberId: id, assignment: Buffer.alloc(0) },
    }))
    const version = Math.min(this.#version, 5)
    const request = {
      ...{ groupId: this.#group, memberId, generationId: this.generation, assignments },
      ...{ groupInstanceId: instanceId },
      protocolType: version >= 5 ? 'consumer' : null,
      protocolName: version >= 5 ? 'range' : null,
    }
    return this.#first(`${instanceId} syncs`, SyncGroup, version, request, instanceId)
  }

  async sync(instanceId: string, memberId?: string): Promise<any> {
    return (await this.beginSync(instanceId, memberId)).heard()
  }

  /** What the member that had the instance id before may still do. */
  async speakAs(what: string, memberId: string, groupInstanceId: string | null): Promise<void> {
    const who = { groupId: this.#group, memberId, groupInstanceId }
    const generationId = this.generation
    await this.#script.ask(`${what} beats`, Heartbeat, 4, { ...who, generationId })
    const partition = { committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null }
    const partitions = [{ partitionIndex: 0, ...partition }]
    await this.#script.ask(`${what} commits`, OffsetCommit, 9, {
      ...who,
      ...{ generationIdOrMemberEpoch: generationId, retentionTimeMs: -1 },
      topics: [{ name: 't', topicId: noId, partitions }],
    })
  }

  async see(): Promise<void> {
    const groups = [this.#group]
    const request = { groups, includeAuthorizedOperations: false }
    await this.#script.ask('is described', DescribeGroups, 6, request)
  }
}

async function replaced(script: Script, groupId: string, version: number): Promise<void> {
  const group = new StaticGroup(script, groupId, version)
  const oldOf = (instanceId: string) => group.ids.get(instanceId)!
  const old = async (instanceId: string, memberId: string) => {
    await group.speakAs(`old ${instanceId}`, memberId, instanceId)
    await group.speakAs(`old ${instanceId}, not static now,`, memberId, null)
    await group.speakAs(`now ${instanceId}`, group.ids.get(instanceId)!, instanceId)
  }
  await group.join('i-x')
  const first = oldOf('i-x')
  await group.see()
  // While the assignment is awaited.
  await group.join('i-x')
  await old('i-x', first)
  await group.sync('i-x', first)
  await group.sync('i-x')
  await group.see()
  // Stable: the same, other metadata of the same protocol, another protocol.
  const second = oldOf('i-x')
  await group.join('i-x')
  await old('i-x', second)
  await group.join('i-x', { protocols: [{ name: 'range', metadata: other }] })
  await group.see()
  await group.sync('i-x')
  await group.join('i-x', { protocols: [{ name: 'rr', metadata }] })
  await group.see()
  await group.join('i-x')
  await group.sync('i-x')
  await group.join('i-x', { memberId: first })
  await group.join('i-x', { memberId: 'foreign' })
  await group.join('i-y', { memberId: 'foreign' })
  await group.join('i-x', { sessionTimeoutMs: 1 })
  await group.join('i-x', { protocols: [{ name: 'nope', metadata }] })
  await group.see()
  await group.sync('i-x')
  // A second member waits for the first, which is replaced.
  const third = oldOf('i-x')
  const waits = await group.begin('i-y')
  await group.see()
  await group.join('i-x')
  group.joined('i-y', await waits.heard())
  await old('i-x', third)
  // The follower waits for the leader's assignment, and the leader is replaced.
  const [leader, follower] = ['i-x', 'i-y'] as const
  const syncs = await group.beginSync(follower)
  const again = await group.begin(leader)
  await syncs.heard()
  await group.join(follower)
  group.joined(leader, await again.heard())
  await group.see()
  const last = await group.beginSync(follower)
  await group.sync(leader)
  await last.heard()
  await group.see()
  // The follower is replaced in a group at rest, by itself and as it was.
  await group.join(follower)
  await group.see()
}

/** Many leave at once, some of them who are not there. */
async function leavers(script: Script, groupId: string, version: number): Promise<void> {
  const group = new StaticGroup(script, groupId, 9)
  await group.join('i-x')
  const waits = await group.begin('i-y')
  await group.join('i-x', { memberId: group.ids.get('i-x')! })
  group.joined('i-y', await waits.heard())
  const last = await group.beginSync('i-y')
  await group.sync('i-x')
  await last.heard()
  const member = (memberId: string, groupInstanceId: string | null) => ({
    ...{ memberId, groupInstanceId, reason: version >= 5 ? 'why' : null },
  })
  const [x, y] = [group.ids.get('i-x')!, group.ids.get('i-y')!]
  const leave = (members: object[], id = groupId) => {
    const request = { groupId: id, memberId: '', members }
    return script.ask('leave', LeaveGroup, version, request, 'leaver')
  }
  await leave([])
  await leave([member('', null)])
  await leave([member('', 'nobody'), member('foreign', 'i-x'), member(y, 'i-x'), member('x', null)])
  await group.see()
  await leave([member('', 'i-x'), member('', 'i-x'), member(x, 'i-x'), member(x, null)])
  await group.see()
  await leave([member(y, null), member(y, 'i-y'), member('', 'i-y')])
  await group.see()
  await leave([member(y, 'i-y')])
  await leave([member(y, 'i-y')], `${groupId}-none`)
  await leave([], `${groupId}-none`)
  await leave([member(y, 'i-y')], '')
}
