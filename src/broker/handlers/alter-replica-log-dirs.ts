/**
 * AlterReplicaLogDirs 1–2: where on this broker a replica shall lie. One that does not exist yet
 * will be made there, and one that is there already is fine; moving logs between directories is not
 * supported, and refused with 35. A directory that is cordoned takes none (KIP-1066), not even one that it has.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { AlterReplicaLogDirs } from '../../../protocol/messages/alter-replica-log-dirs.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { Broker } from '../broker.ts'
import { handler } from '../handler.ts'

export const alterReplicaLogDirs = handler(AlterReplicaLogDirs, {
  handle: (request, { broker }) => answer(request, (...asked) => place(broker, ...asked)),
  failure: (request, errorCode) => answer(request, () => errorCode),
})

type Request = RequestOf<typeof AlterReplicaLogDirs>

function answer(
  { dirs }: Request,
  errorOf: (path: string, topic: string, partition: number) => number,
) {
  const byTopic = new Map<string, { partitionIndex: number; errorCode: number }[]>()
  for (const { path, topics } of dirs)
    for (const { name, partitions } of topics) {
      const results = byTopic.get(name) ?? []
      byTopic.set(name, results)
      for (const partitionIndex of partitions)
        results.push({ partitionIndex, errorCode: errorOf(path, name, partitionIndex) })
    }
  return { results: [...byTopic].map(([topicName, partitions]) => ({ topicName, partitions })) }
}

function place(broker: Broker, path: string, topic: string, partition: number): number {
  const { logs, image } = broker
  const directory = logs.directories.find((each) => each.path === path)
  if (directory === undefined) return ErrorCode.LOG_DIR_NOT_FOUND
  if (directory.disk.failure !== undefined) return ErrorCode.KAFKA_STORAGE_ERROR
  if (logs.isCordoned(directory)) return ErrorCode.INVALID_REPLICA_ASSIGNMENT
  const log = logs.get(topic, partition)
  if (log === undefined) {
    if (image.topic(topic)?.partitions[partition] === undefined)
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    logs.prefer(topic, partition, path)
    // As Kafka says it: there is none yet, and it will be made there.
    return ErrorCode.REPLICA_NOT_AVAILABLE
  }
  return logs.directoryOf(log) === directory ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_VERSION
}
