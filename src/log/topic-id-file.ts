/** `partition.metadata`: the id of the topic that a log is of. A topic that is made anew has the name again, and another id. */
import { formatPartitionMetadata, parsePartitionMetadata } from './checkpoint.ts'
import { partitionMetadataFile } from './file-names.ts'
import type { LogDisk } from './log-disk.ts'

export class TopicIdFile {
  readonly path: string
  readonly #disk: LogDisk
  #topicId: string | undefined

  constructor(disk: LogDisk, directory: string) {
    this.#disk = disk
    this.path = `${directory}/${partitionMetadataFile}`
  }

  /** `undefined` when the file is missing or damaged. */
  get topicId(): string | undefined {
    this.#topicId ??= this.#read()
    return this.#topicId
  }

  #read(): string | undefined {
    try {
      return parsePartitionMetadata(this.#disk.env.files.readFile(this.path))
    } catch {
      return undefined
    }
  }

  /** Not durable yet. */
  write(topicId: string): void {
    this.#disk.env.files.replaceFile(this.path, formatPartitionMetadata(topicId), false)
    this.#topicId = topicId
  }
}
