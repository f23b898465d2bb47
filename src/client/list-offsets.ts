/** Offsets by time, from the leaders. */
import { ListOffsets } from '../../protocol/messages/list-offsets.ts'
import { retrying } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { groupBy } from './group-by.ts'
import { brokerError, checkError } from './kafka-error.ts'

/** Times that are questions: the end, the start, the record with the largest timestamp (KIP-734). */
export const latest = -1
export const earliest = -2
export const maxTimestamp = -3

export interface OffsetQuestion {
  readonly topic: string
  readonly partition: number
  /** Milliseconds, or one of the questions above. */
  readonly timestampMs: number
}

export interface OffsetAnswer extends OffsetQuestion {
  /** -1 when no record is as late. */
  readonly offset: number
  readonly foundTimestampMs: number
  readonly leaderEpoch: number
}

/** Asks for all; throws when one partition has no answer in time. Answers are in the order of the questions. */
export async function listOffsets(
  cluster: Cluster,
  questions: readonly OffsetQuestion[],
  isolation: 'read_uncommitted' | 'read_committed' = 'read_uncommitted',
): Promise<OffsetAnswer[]> {
  const answers = new Map<OffsetQuestion, OffsetAnswer>()
  const isolationLevel = isolation === 'read_committed' ? 1 : 0
  const between = () => {
    for (const { topic } of questions) cluster.metadata.topics.delete(topic)
  }
  for (const round of rounds(questions))
    await retrying(cluster.env, { ...cluster.retryOptions, between }, async () => {
      const open = round.filter((question) => !answers.has(question))
      for (const topic of new Set(open.map((question) => question.topic)))
        await cluster.topic(topic)
      const byLeader = groupBy(open, ({ topic, partition }) => leaderOf(cluster, topic, partition))
      await Promise.all(
        [...byLeader].map(([leader, theirs]) =>
          ask(cluster, leader, theirs, isolationLevel, answers),
        ),
      )
    })
  return questions.map((question) => answers.get(question)!)
}

/** A broker refuses a request that names a partition twice: such questions go one after the other. */
function rounds(questions: readonly OffsetQuestion[]): OffsetQuestion[][] {
  const seen = new Map<string, number>()
  const found: OffsetQuestion[][] = []
  for (const question of questions) {
    const key = `${question.topic}/${question.partition}`
    const round = seen.get(key) ?? 0
    seen.set(key, round + 1)
    if (round === found.length) found.push([])
    found[round]!.push(question)
  }
  return found
}

function leaderOf(cluster: Cluster, topic: string, partition: number): number {
  const info = cluster.metadata.partition(topic, partition)
  if (info === undefined) throw brokerError(3, `${topic}-${partition}`)
  if (info.leader < 0) throw brokerError(5, `${topic}-${partition}`)
  return info.leader
}

async function ask(
  cluster: Cluster,
  leader: number,
  questions: readonly OffsetQuestion[],
  isolationLevel: number,
  answers: Map<OffsetQuestion, OffsetAnswer>,
): Promise<void> {
  const answer = await cluster.send(leader, ListOffsets, {
    replicaId: -1,
    isolationLevel,
    timeoutMs: 30_000,
    topics: [...groupBy(questions, ({ topic }) => topic)].map(([name, items]) => ({
      name,
      partitions: items.map(({ partition, timestampMs }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: cluster.metadata.partition(name, partition)?.leaderEpoch ?? -1,
        timestamp: timestampMs,
      })),
    })),
  })
  let failure: unknown
  for (const topic of answer.topics)
    for (const found of topic.partitions) {
      const question = questions.find(
        (item) => item.topic === topic.name && item.partition === found.partitionIndex,
      )
      if (question === undefined) continue
      try {
        checkError(found.errorCode, `Offset of ${topic.name}-${found.partitionIndex}`)
        answers.set(question, {
          ...question,
          offset: found.offset,
          foundTimestampMs: found.timestamp,
          leaderEpoch: found.leaderEpoch,
        })
      } catch (error) {
        failure = error
      }
    }
  if (failure) throw failure
}
