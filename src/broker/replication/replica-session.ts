/** The Fetch requests of a follower to one leader, in a session: only what changed is sent (KIP-227). */
import { SessionClient } from '../../core/fetch/session-client.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'

export interface Question {
  readonly partition: Partition
  readonly leaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly logStartOffset: number
}

export function questionOf(partition: Partition): Question | undefined {
  const { log, leaderEpoch } = partition
  if (log === undefined || log.disk.failure !== undefined) return undefined
  return {
    partition,
    leaderEpoch,
    fetchOffset: log.logEndOffset,
    lastFetchedEpoch: log.leaderEpochs.latest,
    logStartOffset: log.logStartOffset,
  }
}

export const partitionKey = (topicId: string, index: number): string => `${topicId}/${index}`

export class ReplicaSession {
  readonly #broker: Broker
  readonly #session = new SessionClient<string, Question>(
    (a, b) =>
      a.leaderEpoch === b.leaderEpoch &&
      a.fetchOffset === b.fetchOffset &&
      a.lastFetchedEpoch === b.lastFetchedEpoch &&
      a.logStartOffset === b.logStartOffset,
  )

  constructor(broker: Broker) {
    this.#broker = broker
  }

  reset(): void {
    this.#session.reset()
  }

  answered(sessionId: number): void {
    this.#session.answered(sessionId)
  }

  request(questions: ReadonlyMap<string, Question>, maxWaitMs: number) {
    const { config, nodeId, session } = this.#broker
    const { sessionId, sessionEpoch, send, forget } = this.#session.ask(questions)
    const partitionMaxBytes = config.get('replica.fetch.max.bytes')
    return {
      replicaState: { replicaId: nodeId, replicaEpoch: session.brokerEpoch },
      maxWaitMs,
      minBytes: config.get('replica.fetch.min.bytes'),
      maxBytes: config.get('replica.fetch.response.max.bytes'),
      isolationLevel: 0,
      sessionId,
      sessionEpoch,
      topics: byTopic([...send.values()], topicOf).map(([topicId, group]) => ({
        topicId,
        partitions: group.map((question) => ({
          partition: question.partition.index,
          currentLeaderEpoch: question.leaderEpoch,
          fetchOffset: question.fetchOffset,
          lastFetchedEpoch: question.lastFetchedEpoch,
          logStartOffset: question.logStartOffset,
          partitionMaxBytes,
          highWatermark: question.partition.log?.highWatermark ?? 0,
        })),
      })),
      forgottenTopicsData: byTopic(forget, (key) => key.slice(0, key.indexOf('/'))).map(
        ([topicId, keys]) => ({
          topicId,
          partitions: keys.map((key) => Number(key.slice(key.indexOf('/') + 1))),
        }),
      ),
      rackId: '',
    }
  }
}

const topicOf = ({ partition }: Question): string => partition.topicId

function byTopic<T>(items: readonly T[], topicIdOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(topicIdOf(item))
    if (group) group.push(item)
    else groups.set(topicIdOf(item), [item])
  }
  return [...groups]
}
