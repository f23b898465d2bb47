/** Configurations of a client metrics subscription. Names, defaults and limits: Kafka 4.3.1. */
import { definitions, int, list } from '../definition.ts'

export const clientMetricsConfigs = definitions({
  'interval.ms': int(300000, 'Milliseconds between two pushes of metrics by a client.'),
  match: list([], 'Which clients are meant, as name=pattern pairs; all when empty.'),
  metrics: list([], 'Prefixes of the metrics that clients push; * for all.'),
})
