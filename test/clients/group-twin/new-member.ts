/** A member of the new protocol in a script: keeps its epoch and what it was given, and reports that or something else. */
import { ConsumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import { beating, type Script } from './script.ts'
import type { Side } from './side.ts'

type Owned = readonly { readonly topicId: string; readonly partitions: readonly number[] }[]

export class NewMember {
  readonly id: string
  epoch = 0
  owned: Owned = []
  readonly #script: Script
  readonly #group: string

  constructor(script: Script, group: string, id: string) {
    this.#script = script
    this.#group = group
    this.id = id
  }

  /** A request with all that the member has, where `rest` says nothing else. */
  async beat(what: string, rest: object = {}, epoch = this.epoch, version = 1): Promise<any> {
    const isLeaving = epoch < 0
    const request = beating(this.#group, epoch, {
      memberId: this.id,
      topicPartitions: isLeaving ? null : this.owned,
      ...rest,
    })
    const named = `${this.id}: ${what}`
    const answer = await this.#script.ask(named, ConsumerGroupHeartbeat, version, request)
    if (answer.errorCode !== 0) return answer
    this.epoch = answer.memberEpoch
    if (isLeaving) this.owned = []
    else if (answer.assignment) this.owned = answer.assignment.topicPartitions
    return answer
  }

  join(rest: object = {}, version = 1): Promise<any> {
    this.owned = []
    return this.beat('joins', rest, 0, version)
  }

  leave(epoch = -1, rest: object = {}): Promise<any> {
    return this.beat('leaves', rest, epoch)
  }

  /** What it has, without half of each topic. */
  half(): Owned {
    return this.owned.map(({ topicId, partitions }) => ({
      ...{ topicId, partitions: partitions.slice(0, partitions.length >> 1) },
    }))
  }
}

export const partitionsOf = (side: Side, topic: string, partitions: readonly number[]) => [
  { topicId: side.topicIds.get(topic)!, partitions },
]

/** What an administrator sees of a group, by both of the requests that describe. */
export async function look(script: Script, groupId: string): Promise<void> {
  const includeAuthorizedOperations = false
  const both = { groupIds: [groupId], includeAuthorizedOperations }
  await script.ask('is described', ConsumerGroupDescribe, 1, both)
  const classic = { groups: [groupId], includeAuthorizedOperations }
  await script.ask('is described as classic', DescribeGroups, 6, classic)
}
