/** DescribeLogDirs 1–5: the replicas in each directory, their sizes, the space that is left. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeLogDirs } from '../../../protocol/messages/describe-log-dirs.ts'
import type { Log } from '../../log/log.ts'
import type { Broker } from '../broker.ts'
import { handler } from '../handler.ts'

export const describeLogDirs = handler(DescribeLogDirs, {
  handle(request, { broker }) {
    const wanted =
      request.topics &&
      new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]))
    const isWanted = (topic: string, partition: number) =>
      wanted === null || wanted.get(topic)?.has(partition) === true
    return {
      errorCode: ErrorCode.NONE,
      results: broker.logs.directories.map((directory) => ({
        ...describe(broker, directory, isWanted),
        isCordoned: broker.logs.isCordoned(directory),
      })),
    }
  },
  failure: (_request, errorCode) => ({ errorCode, results: [] }),
})

type Directory = Broker['logs']['directories'][number]

function describe(
  broker: Broker,
  directory: Directory,
  isWanted: (topic: string, partition: number) => boolean,
) {
  const { path } = directory
  if (directory.disk.failure)
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: path, topics: [] }
  const byTopic = new Map<string, ReturnType<typeof replica>[]>()
  for (const log of directory.logs.values()) {
    if (!isWanted(log.topic, log.partition)) continue
    const partitions = byTopic.get(log.topic) ?? []
    byTopic.set(log.topic, partitions)
    partitions.push(replica(log))
  }
  const { totalBytes, usableBytes } = broker.env.files.space(path)
  return {
    errorCode: ErrorCode.NONE,
    logDir: path,
    topics: [...byTopic].map(([name, partitions]) => ({ name, partitions })),
    totalBytes,
    usableBytes,
  }
}

function replica(log: Log) {
  return {
    partitionIndex: log.partition,
    partitionSize: log.sizeBytes,
    // How far a follower is behind what it knows of the leader; a leader is never behind.
    offsetLag: Math.max(0, log.highWatermark - log.logEndOffset),
    isFutureKey: false,
  }
}
