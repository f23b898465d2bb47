/** The names of files and directories of a log, all of them Kafka's. */

export const suffixes = {
  log: '.log',
  offsetIndex: '.index',
  timeIndex: '.timeindex',
  transactionIndex: '.txnindex',
  snapshot: '.snapshot',
  /** Appended to the name of a file that is about to be unlinked. */
  deleted: '.deleted',
  /** Appended while compaction writes a segment, and then until it has replaced the old ones. */
  cleaned: '.cleaned',
  swap: '.swap',
} as const

/** Of the files of a segment. */
export const segmentSuffixes = [
  suffixes.log,
  suffixes.offsetIndex,
  suffixes.timeIndex,
  suffixes.transactionIndex,
]

/** Of the coordinator: a log that is no partition of a broker. */
export const journalDirectory = '__cluster_metadata-0'
export const leaderEpochFile = 'leader-epoch-checkpoint'
export const partitionMetadataFile = 'partition.metadata'

/** The base offset with 20 digits, and a suffix. */
export function fileName(baseOffset: number, suffix: string): string {
  return String(baseOffset).padStart(20, '0') + suffix
}

/** The offset and the rest of a name such as `00000000000000000042.log`; `undefined` for other names. */
export function parseFileName(
  name: string,
): { readonly baseOffset: number; readonly suffix: string } | undefined {
  const match = /^(\d{20})(\..+)$/.exec(name)
  if (!match) return undefined
  const baseOffset = Number(match[1])
  return Number.isSafeInteger(baseOffset) ? { baseOffset, suffix: match[2]! } : undefined
}

/** The longest name that file systems take. */
const nameLengthMax = 255

export function partitionDirectory(topic: string, partition: number): string {
  // Joined, it is one string; a template would keep its parts, and thousands of logs have a name.
  return [topic, partition].join('-')
}

/** The name of a partition's directory once it waits for its removal. */
export function deletedDirectory(topic: string, partition: number, uniqueId: string): string {
  const rest = `-${partition}.${uniqueId}-delete`
  return topic.slice(0, nameLengthMax - rest.length) + rest
}

export function isDeletedDirectory(name: string): boolean {
  return /^.+-\d+\.[0-9a-f]{32}-delete$/.test(name)
}

/** The partition whose directory has this name; `undefined` for names that no partition has. */
export function parsePartitionDirectory(
  name: string,
): { readonly topic: string; readonly partition: number } | undefined {
  const match = /^(.+)-(\d+)$/.exec(name)
  if (!match || !isTopicName(match[1]!)) return undefined
  const partition = Number(match[2])
  // Only one name for each partition: `t-1`, never `t-01`.
  return String(partition) === match[2] && partition < 2 ** 31
    ? { topic: match[1]!, partition }
    : undefined
}

/** Kafka's rule for topic names. Nothing else ever becomes part of a path. */
export function isTopicName(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
}
