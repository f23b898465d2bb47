/**
 * Small text files that Kafka keeps beside its logs.
 *
 * ```
 * <log.dir>/recovery-point-offset-checkpoint …    0 \n count \n { topic partition offset \n }
 * <partition>/leader-epoch-checkpoint             0 \n count \n { epoch startOffset \n }
 * <partition>/partition.metadata                  version: 0 \n topic_id: <22 characters>
 * ```
 */
import type { EpochEntry } from '../core/replication/leader-epochs.ts'

/** The offsets of a directory's partitions, by topic and partition. */
export const checkpointFiles = {
  /** Up to here the log is known to be on the disk. */
  recoveryPoint: 'recovery-point-offset-checkpoint',
  /** Only of logs that begin within a segment. */
  logStart: 'log-start-offset-checkpoint',
  highWatermark: 'replication-offset-checkpoint',
  /** Up to here compaction has come. */
  cleaner: 'cleaner-offset-checkpoint',
} as const

/** A file that does not have its form. */
export class CheckpointError extends Error {
  override name = 'CheckpointError'
}

export interface OffsetOfPartition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export function formatOffsets(entries: readonly OffsetOfPartition[]): Buffer {
  return format(entries.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`))
}

export function parseOffsets(bytes: Buffer): OffsetOfPartition[] {
  return parse(bytes, /^(\S+) (\d+) (\d+)$/, ([, topic, partition, offset]) => ({
    topic: topic!,
    partition: Number(partition),
    offset: Number(offset),
  }))
}

export function formatEpochs(entries: readonly EpochEntry[]): Buffer {
  return format(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

/** Throws CheckpointError also when the numbers do not ascend. */
export function parseEpochs(bytes: Buffer): EpochEntry[] {
  const entries = parse(bytes, /^(\d+) (\d+)$/, ([, epoch, startOffset]) => ({
    epoch: Number(epoch),
    startOffset: Number(startOffset),
  }))
  for (let i = 1; i < entries.length; i++)
    if (
      entries[i]!.epoch <= entries[i - 1]!.epoch ||
      entries[i]!.startOffset <= entries[i - 1]!.startOffset
    )
      throw new CheckpointError(`Line ${i + 3} does not ascend`)
  return entries
}

function format(lines: readonly string[]): Buffer {
  return Buffer.from(['0', String(lines.length), ...lines, ''].join('\n'))
}

function parse<T>(bytes: Buffer, form: RegExp, entry: (match: RegExpExecArray) => T): T[] {
  if (bytes.length === 0) return [] // Kafka makes these files before it has anything to say.
  const [version, count, ...lines] = bytes.toString().replace(/\n$/, '').split('\n')
  if (version !== '0') throw new CheckpointError(`Version ${JSON.stringify(version)} is not 0`)
  if (Number(count) !== lines.length)
    throw new CheckpointError(`${lines.length} lines follow where ${count} were announced`)
  return lines.map((line, i) => {
    const match = form.exec(line)
    if (!match) throw new CheckpointError(`Line ${i + 3} is malformed: ${JSON.stringify(line)}`)
    return entry(match)
  })
}

export function formatPartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: 0\ntopic_id: ${topicId}`)
}

export function parsePartitionMetadata(bytes: Buffer): string {
  const match = /^version: ?(\d+)\ntopic_id: ?([\w-]{22})\s*$/.exec(bytes.toString())
  if (match?.[1] !== '0') throw new CheckpointError('The file does not tell the id of its topic')
  return match[2]!
}
