/** What a broker's configuration says about compaction. */
import { type CleanerOptions, defaultCleanerOptions } from '../../log/cleaner.ts'
import type { EffectiveConfig } from './effective-config.ts'

/**
 * All cleaner work runs on the one event loop: of `log.cleaner.threads` only 0 has an effect, and the buffers
 * that Kafka divides among its threads belong to one compaction.
 */
export function cleanerOptions(config: Pick<EffectiveConfig, 'get'>): CleanerOptions {
  return {
    ...defaultCleanerOptions,
    isEnabled: config.get('log.cleaner.enable') && config.get('log.cleaner.threads') > 0,
    backoffMs: config.get('log.cleaner.backoff.ms'),
    dedupeBytesMax: config.get('log.cleaner.dedupe.buffer.size'),
    loadFactor: config.get('log.cleaner.io.buffer.load.factor'),
    pieceBytes: config.get('log.cleaner.io.buffer.size'),
    bytesPerSecondMax: config.get('log.cleaner.io.max.bytes.per.second'),
  }
}
