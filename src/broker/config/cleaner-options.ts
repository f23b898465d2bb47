/** What a broker's configuration says about compaction. */
import { type CleanerOptions, defaultCleanerOptions } from '../../log/cleaner.ts'
import type { BrokerConfig } from './broker-config.ts'

/**
 * All cleaner work runs on the one event loop: `log.cleaner.threads` has no effect, and the buffers that Kafka
 * divides among its threads belong to one compaction.
 */
export function cleanerOptions(config: BrokerConfig): CleanerOptions {
  return {
    ...defaultCleanerOptions,
    isEnabled: config.get('log.cleaner.enable'),
    backoffMs: config.get('log.cleaner.backoff.ms'),
    dedupeBytesMax: config.get('log.cleaner.dedupe.buffer.size'),
    loadFactor: config.get('log.cleaner.io.buffer.load.factor'),
    pieceBytes: config.get('log.cleaner.io.buffer.size'),
    bytesPerSecondMax: config.get('log.cleaner.io.max.bytes.per.second'),
  }
}
