import type { Side } from './side.ts'

/** What one side answered, step by step. */
export class Script {
  readonly answers: string[] = []
  readonly #side: Side
  readonly #counting: boolean

  /** `counting`: of partitions only how many, where which ones depends on ids that the brokers draw. */
  constructor(side: Side, counting = false) {
    this.#side = side
    this.#counting = counting
  }

  async ask(what: string, api: any, version: number, request: any, actor = 'scripted') {
    return (await this.begin(what, api, version, request, actor)).heard()
  }

  /** Asks for what may be answered only after others have asked: `heard` waits for it, and keeps it. */
  async begin(what: string, api: any, version: number, request: any, actor: string) {
    const client = await this.#side.client(actor)
    const asked = client.ask(api, version, request)
    const heard = async (): Promise<any> => {
      const answer: any = await asked
      if (answer.memberId) this.#side.learn(request.groupId, answer.memberId)
      const kept = this.#side.canonical(answer, this.#counting)
      this.answers.push(`${this.#side.canonical(what, false)}: ${JSON.stringify(kept)}`)
      return answer
    }
    return { heard }
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
