import type { Side } from './side.ts'

/** What one side answered, step by step. */
export class Script {
  readonly answers: string[] = []
  readonly #side: Side

  constructor(side: Side) {
    this.#side = side
  }

  async ask(what: string, api: any, version: number, request: any, actor = 'scripted') {
    const client = await this.#side.client(actor)
    const answer: any = await client.ask(api, version, request)
    if (answer.memberId) this.#side.learn(request.groupId, answer.memberId)
    this.answers.push(
      `${this.#side.canonical(what, false)}: ${JSON.stringify(this.#side.canonical(answer, false))}`,
    )
    return answer
  }
}

/** A heartbeat of the new protocol: a join of a member that reads t, where the epoch is 0. */
export const beating = (groupId: string, memberEpoch: number, rest: object = {}) => ({
  ...{ groupId, memberId: 'own', memberEpoch, instanceId: null, rackId: null },
  rebalanceTimeoutMs: memberEpoch === 0 ? 60_000 : -1,
  subscribedTopicNames: memberEpoch === 0 ? ['t'] : null,
  ...{ subscribedTopicRegex: null, serverAssignor: null, topicPartitions: [] },
  ...rest,
})
