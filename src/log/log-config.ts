/**
 * The settings of a topic that concern its logs: Kafka's topic configurations as numbers.
 *
 * `Infinity` stands for Kafka's Long.MAX and for its -1 ("no limit"). They may change at any time
 * (`Log.updateConfig`); what is written already stays as it is.
 */
import type { CodecName } from '../../protocol/compression.ts'

export interface LogConfig {
  /** A segment is closed before it would grow beyond this. */
  readonly segmentBytes: number
  readonly segmentMs: number
  /** Up to so much earlier, by chance, so that not all partitions roll at once. */
  readonly segmentJitterMs: number
  /** The most that an index file takes; a full one closes the segment. */
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly cleanupPolicy: { readonly delete: boolean; readonly compact: boolean }
  readonly maxMessageBytes: number
  readonly compressionType: CodecName | 'producer'
  readonly compressionGzipLevel: number
  readonly compressionZstdLevel: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  /** How long tombstones stay after the compaction that first met them. */
  readonly deleteRetentionMs: number
  readonly fileDeleteDelayMs: number
  /** Records after which a sync comes before the acknowledgement. 1: every acknowledged record is durable. */
  readonly flushMessages: number
  readonly flushMs: number
  /** Gives new segments their full size at once. */
  readonly preallocate: boolean
  /** Idempotent producers are forgotten after this time without a batch (a setting of the broker). */
  readonly producerIdExpirationMs: number
  /** What one batch may unpack to: as much as an uncompressed request may carry (`socket.request.max.bytes`). */
  readonly unpackedBytesMax: number
}

const dayMs = 86_400_000

export const defaultLogConfig: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 7 * dayMs,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  retentionMs: 7 * dayMs,
  retentionBytes: Infinity,
  cleanupPolicy: { delete: true, compact: false },
  maxMessageBytes: 1_048_588,
  compressionType: 'producer',
  compressionGzipLevel: -1,
  compressionZstdLevel: 3,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Infinity,
  messageTimestampAfterMaxMs: 3_600_000,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Infinity,
  deleteRetentionMs: dayMs,
  fileDeleteDelayMs: 60_000,
  flushMessages: Infinity,
  flushMs: Infinity,
  preallocate: false,
  producerIdExpirationMs: dayMs,
  unpackedBytesMax: 104_857_600,
}
