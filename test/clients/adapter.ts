import type { Codec, NewRecord, ReadRecord, Rendering } from './record.ts'
import type { Target } from './target.ts'

/** One client: how it writes and reads, at its default settings, and what it cannot do by itself. */
export interface Adapter {
  readonly name: string
  readonly writer?: Writer
  readonly reader?: Reader
}

export interface Writer {
  readonly codecs: readonly Codec[]
  /** Whether this client can write this record at all. */
  can(record: NewRecord): boolean
  /** How many partitions its topic has; 1 for clients that cannot choose one. */
  readonly partitions: 1 | 3
  /** A value of about this size is the largest it sends at its default settings. */
  readonly valueBytesMax: number
  /** Writes in order; rejects when a record was not acknowledged. */
  produce(target: Target, topic: string, records: readonly NewRecord[], codec: Codec): Promise<void>
}

export interface Reader {
  readonly codecs: readonly Codec[]
  readonly rendering: Rendering
  /** It reads only as a member of a consumer group. */
  readonly inGroups: boolean
  /** What it cannot tell: compared without it. */
  readonly blind?: {
    /** It gives headers as a map: of a name that comes twice, the last. */
    readonly repeatedHeaders?: boolean
    /** It knows nothing of LogAppendTime and gives what the producer said. */
    readonly appendTime?: boolean
  }
  /** It costs seconds for each partition: it reads one of each topic. */
  readonly onePartition?: boolean
  /** Reads each partition of each topic from offset 0 up to its end, and no further. */
  consume(target: Target, wanted: Wanted): Promise<Found>
}

/** Topic and partition to the offset behind the last record. */
export type Wanted = ReadonlyMap<string, ReadonlyMap<number, number>>
export type Found = ReadonlyMap<string, readonly ReadRecord[]>

/** `consume` of a client that reads one topic after the other. */
export function topicByTopic(
  read: (target: Target, topic: string, ends: ReadonlyMap<number, number>) => Promise<ReadRecord[]>,
): Reader['consume'] {
  return async (target, wanted) => {
    const found = new Map<string, ReadRecord[]>()
    for (const [topic, ends] of wanted) found.set(topic, await read(target, topic, ends))
    return found
  }
}
