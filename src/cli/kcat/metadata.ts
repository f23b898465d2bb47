/** kcat -L and -Q. */
import { Metadata } from '../../../protocol/messages/metadata.ts'
import type { IncomingResponseOf } from '../../../protocol/schema.ts'
import { within } from '../../client/backoff.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { listOffsets } from '../../client/list-offsets.ts'
import { Failure } from '../failure.ts'
import { jsonString } from '../records/json-text.ts'
import { errorText } from './error-texts.ts'
import type { KcatRun } from './run.ts'

type Answer = IncomingResponseOf<typeof Metadata>
const leaderNotAvailable = 5
const unknownTopicOrPartition = 3
/** librdkafka's number. */
const unknownPartition = -190

/** Says first what happened to the connection, as librdkafka's error callback does. */
export function explainFailure(run: KcatRun, error: unknown): KafkaError {
  if (!(error instanceof KafkaError)) throw error
  if (error.code < 0) run.info(1, `ERROR: ${errorText(error.code)}: ${error.message}`)
  return error
}

export async function listMetadata(run: KcatRun): Promise<void> {
  const { cluster, options, out } = run
  try {
    const connection = await within(
      cluster.env,
      options.metadataTimeoutMs,
      'Metadata',
      cluster.any(),
    )
    const version = connection.requireVersion(Metadata)
    const topics =
      options.topic === undefined
        ? version > 0
          ? null
          : []
        : [{ name: options.topic, topicId: undefined }]
    const answer = await connection.send(
      Metadata,
      { topics: topics as null, allowAutoTopicCreation: false },
      { version, timeoutMs: options.metadataTimeoutMs },
    )
    const from = fromBroker(answer, connection.endpoint, connection.name)
    if (options.json) out.line(json(answer, from, options.topic))
    else out.text(text(answer, from, options.topic))
  } catch (error) {
    const { code } = explainFailure(run, error)
    const hint =
      code === -195 || code === -193
        ? ' (Are the brokers reachable? Also try increasing the metadata timeout with -m <timeout>?)'
        : ''
    throw new Failure(`Failed to acquire metadata: ${errorText(code)}${hint}`)
  }
}

interface From {
  readonly id: number
  readonly name: string
}

/** librdkafka calls a connection by the address it was opened to and the id behind it. */
function fromBroker(answer: Answer, endpoint: { host: string; port: number }, name: string): From {
  const broker = answer.brokers.find(
    ({ host, port }) => host === endpoint.host && port === endpoint.port,
  )
  return broker
    ? { id: broker.nodeId, name: `${broker.host}:${broker.port}/${broker.nodeId}` }
    : { id: -1, name: `${name}/bootstrap` }
}

function text(answer: Answer, from: From, topic: string | undefined): string {
  const lines = [
    `Metadata for ${topic ?? 'all topics'} (from broker ${from.id}: ${from.name}):`,
    ` ${answer.brokers.length} brokers:`,
    ...answer.brokers.map(
      ({ nodeId, host, port }) =>
        `  broker ${nodeId} at ${host}:${port}${nodeId === answer.controllerId ? ' (controller)' : ''}`,
    ),
    ` ${answer.topics.length} topics:`,
  ]
  for (const { name, errorCode, partitions } of answer.topics) {
    const again = errorCode === leaderNotAvailable ? ' (try again)' : ''
    const error = errorCode === 0 ? '' : ` ${errorText(errorCode)}${again}`
    lines.push(`  topic "${name}" with ${partitions.length} partitions:${error}`)
    for (const partition of sorted(partitions)) {
      const error = partition.errorCode === 0 ? '' : `, ${errorText(partition.errorCode)}`
      lines.push(
        `    partition ${partition.partitionIndex}, leader ${partition.leaderId}, replicas: ${partition.replicaNodes.join(',')}, isrs: ${partition.isrNodes.join(',')}${error}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

type PartitionAnswer = Answer['topics'][number]['partitions'][number]
const sorted = (partitions: readonly PartitionAnswer[]) =>
  [...partitions].sort((a, b) => a.partitionIndex - b.partitionIndex)

function json(answer: Answer, from: From, topic: string | undefined): string {
  const errorOf = (code: number) => (code === 0 ? {} : { error: errorText(code) })
  const ids = (nodes: readonly number[]) => nodes.map((id) => ({ id }))
  return JSON.stringify({
    originating_broker: from,
    query: { topic: topic ?? '*' },
    controllerid: answer.controllerId,
    brokers: answer.brokers.map(({ nodeId, host, port }) => ({
      id: nodeId,
      name: `${host}:${port}`,
    })),
    topics: answer.topics.map(({ name, errorCode, partitions }) => ({
      topic: name,
      ...errorOf(errorCode),
      partitions: sorted(partitions).map((partition) => ({
        partition: partition.partitionIndex,
        ...errorOf(partition.errorCode),
        leader: partition.leaderId,
        replicas: ids(partition.replicaNodes),
        isrs: ids(partition.isrNodes),
      })),
    })),
  })
}

export async function queryOffsets(run: KcatRun): Promise<void> {
  const { cluster, options, out } = run
  const queries = [...options.queries].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
  const timed = queries.map((query) => ({ ...query, timestampMs: query.timestampMs }))
  try {
    const answers = await listOffsets(cluster, timed)
    if (!options.json)
      for (const { topic, partition, offset } of answers)
        out.line(`${topic} [${partition}] offset ${offset}`)
    else {
      const topics = [...new Set(answers.map(({ topic }) => topic))].map((topic) => {
        const rows = answers
          .filter((answer) => answer.topic === topic)
          .map(
            ({ partition, offset }) =>
              `"${partition}":{"partition":${partition},"offset":${offset}}`,
          )
        return `${jsonString(topic)}:{"topic":${jsonString(topic)},${rows.join(',')}}`
      })
      out.line(`{${topics.join(',')}}`)
    }
  } catch (error) {
    const { code } = explainFailure(run, error)
    // librdkafka asks nobody about a partition that the metadata lacks.
    const unknown = code === unknownTopicOrPartition ? unknownPartition : code
    throw new Failure(`offsets_for_times failed: ${errorText(unknown)}`)
  }
}
