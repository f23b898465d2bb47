/** What the coordinator of an Ottla cluster did lately. */
import { DescribeTimeline } from '../../../protocol/ottla/describe-timeline.ts'
import type { IncomingResponseOf } from '../../../protocol/schema.ts'
import type { Cluster } from '../cluster.ts'
import { checkError, KafkaError, localError } from '../kafka-error.ts'

export type TimelineAnswer = IncomingResponseOf<typeof DescribeTimeline>
export type TimelineEvent = TimelineAnswer['events'][number]

/** Events behind a sequence number, or with 0 the newest. */
export async function describeTimeline(
  cluster: Cluster,
  afterSequence: number,
  limit: number,
): Promise<TimelineAnswer> {
  const connection = await cluster.any()
  try {
    const request = { afterSequence, limit }
    const answer = await connection.send(DescribeTimeline, request, { version: 0 })
    checkError(answer.errorCode, 'Asking for the timeline', answer.errorMessage)
    return answer
  } catch (error) {
    if (!(error instanceof KafkaError) || error.name !== 'TRANSPORT') throw error
    throw localError(
      'UNSUPPORTED_FEATURE',
      `${connection.name} closed the connection: only brokers of Ottla tell a timeline`,
      error,
    )
  }
}
