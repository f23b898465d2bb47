/** Compaction. Names, defaults and limits: Kafka 4.3.1. */
import { boolean, definitions, double, int, long } from '../definition.ts'
import { longMax } from '../value.ts'

export const cleanerConfigs = definitions({
  'log.cleaner.threads': int(
    1,
    'Threads for compaction: 0 stops it; Ottla needs no more than one.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.cleaner.io.max.bytes.per.second': double(
    Number.MAX_VALUE,
    'Most bytes per second that compaction reads and writes.',
    { dynamic: 'cluster-wide' },
  ),
  'log.cleaner.dedupe.buffer.size': long(
    134217728,
    'Memory in bytes for the key table of compaction.',
    { dynamic: 'cluster-wide' },
  ),
  'log.cleaner.io.buffer.size': int(
    524288,
    'Memory in bytes for the read and write buffers of compaction.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.cleaner.io.buffer.load.factor': double(
    0.9,
    'How full the key table of compaction may become.',
    { dynamic: 'cluster-wide' },
  ),
  'log.cleaner.backoff.ms': long(
    15000,
    'Milliseconds that compaction rests when there is nothing to do.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.cleaner.min.cleanable.ratio': double(
    0.5,
    'Share of a log that must be uncompacted before it is compacted.',
    { min: 0, max: 1, dynamic: 'cluster-wide' },
  ),
  'log.cleaner.enable': boolean(
    true,
    'Whether compaction runs; topics with cleanup policy compact need it.',
  ),
  'log.cleaner.delete.retention.ms': long(
    86400000,
    'Milliseconds for which tombstones are kept on compacted topics.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.cleaner.min.compaction.lag.ms': long(
    0,
    'Milliseconds for which a record stays uncompacted at least.',
    { min: 0, dynamic: 'cluster-wide' },
  ),
  'log.cleaner.max.compaction.lag.ms': long(
    longMax,
    'Milliseconds for which a record stays uncompacted at most.',
    { min: 1, dynamic: 'cluster-wide' },
  ),
})
