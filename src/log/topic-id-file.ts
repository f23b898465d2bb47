/** `partition.metadata`: the id of the topic that a log is of. A topic that is made anew has the name again, and another id. */
import { formatPartitionMetadata, parsePartitionMetadata } from './checkpoint.ts'
import { partitionMetadataFile } from './file-names.ts'
import type { LogDisk } from './log-disk.ts'

export function topicIdPath(directory: string): string {
  return `${directory}/${partitionMetadataFile}`
}

/** `undefined` when the file is missing or damaged. */
export function readTopicId({ env }: LogDisk, directory: string): string | undefined {
  try {
    return parsePartitionMetadata(env.files.readFile(topicIdPath(directory)))
  } catch {
    return undefined
  }
}

/** Not durable yet. */
export function writeTopicId({ env }: LogDisk, directory: string, topicId: string): void {
  env.files.replaceFile(topicIdPath(directory), formatPartitionMetadata(topicId), false)
}
