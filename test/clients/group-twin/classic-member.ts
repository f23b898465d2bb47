/** A member of the classic protocol in a script: keeps its id, its generation and what it leads. */
import { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import type { Script } from './script.ts'
import { noId } from './side.ts'

/** A version 1 subscription to t, of a member that owns nothing. */
export const subscription = Buffer.from([
  ...[0, 1, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255, 0, 0, 0, 0],
])

export class ClassicMember {
  readonly name: string
  readonly instanceId: string | null
  memberId = ''
  generation = -1
  readonly #script: Script
  readonly #group: string

  constructor(script: Script, group: string, name: string, instanceId: string | null = null) {
    this.#script = script
    this.#group = group
    this.name = name
    this.instanceId = instanceId
  }

  async join(rest: object = {}, version = 3): Promise<any> {
    const pending = await this.begin(rest, version)
    return pending.joined()
  }

  /** The answer may wait for others. */
  async begin(rest: object = {}, version = 3) {
    const of = this.instanceId === null ? version : Math.max(version, 5)
    const request = {
      ...{ groupId: this.#group, sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 },
      ...{ memberId: this.memberId, groupInstanceId: this.instanceId, protocolType: 'consumer' },
      protocols: [{ name: 'range', metadata: subscription }],
      reason: null,
      ...rest,
    }
    const what = `${this.name} joins`
    const { heard } = await this.#script.begin(what, JoinGroup, of, request, this.name)
    // Two connections are served in any order: what others ask comes behind this.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const joined = async () => {
      const answer = await heard()
      if (answer.errorCode !== 0) return answer
      this.memberId = answer.memberId
      this.generation = answer.generationId
      return answer
    }
    return { joined }
  }

  sync(members: readonly ClassicMember[] = [this]): Promise<any> {
    const assignments = members.map(({ memberId }) => ({ memberId, assignment: all }))
    const request = { ...this.#who(), generationId: this.generation, assignments }
    return this.#ask('syncs', SyncGroup, 4, request)
  }

  beat(): Promise<any> {
    return this.#ask('beats', Heartbeat, 4, { ...this.#who(), generationId: this.generation })
  }

  leave(): Promise<any> {
    const member = { memberId: this.memberId, groupInstanceId: this.instanceId, reason: null }
    return this.#ask('leaves', LeaveGroup, 4, {
      ...{ groupId: this.#group, memberId: '', members: [member] },
    })
  }

  commit(version: number, generation = this.generation): Promise<any> {
    const partitions = [0, 11].map((partitionIndex) => ({
      ...{ partitionIndex, committedOffset: version, committedLeaderEpoch: -1 },
      committedMetadata: null,
    }))
    const topics = [{ name: 't', topicId: noId, partitions }]
    return this.#ask(`commits with ${version}`, OffsetCommit, version, {
      ...{ ...this.#who(), retentionTimeMs: -1, topics },
      generationIdOrMemberEpoch: generation,
    })
  }

  /** What it asks when it is told to join again. */
  async follow(): Promise<void> {
    await this.beat()
    await this.join()
    await this.sync()
    await this.beat()
  }

  #who() {
    const { memberId, instanceId } = this
    return { groupId: this.#group, memberId, groupInstanceId: instanceId }
  }

  #ask(what: string, api: any, version: number, request: object): Promise<any> {
    return this.#script.ask(`${this.name} ${what}`, api, version, request, this.name)
  }
}

/** All partitions of t. */
const all = Buffer.from([
  ...[0, 1, 0, 0, 0, 1, 0, 1, 116, 0, 0, 0, 12],
  ...Array.from({ length: 12 }, (_, i) => [0, 0, 0, i]).flat(),
  ...[255, 255, 255, 255],
])
