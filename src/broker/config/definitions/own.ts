/** What Ottla has and Kafka has not. Never shown to Kafka's tools: `ottla broker --print-config` does. */
import { boolean, definitions, list, long, string } from '../definition.ts'

export const ownConfigs = definitions({
  'cluster.id': string(
    null,
    'Id of the cluster, 22 characters of base64url; made up at the first start when not given.',
    { internal: true },
  ),
  'coordinator.servers': list(
    [],
    'Coordinators to join, as host:port; empty: this process runs the coordinator itself.',
    { internal: true },
  ),
  'lease.duration.ms': long(
    600,
    'Milliseconds for which a lease lets a broker lead; a dead leader is replaced after about this time.',
    { min: 100, max: 60_000, internal: true },
  ),
  'lease.outage.policy': string(
    'strict',
    'What leaders do when no coordinator can be reached for longer than their lease: strict stops answering, available goes on with the guarantees that Kafka has.',
    { oneOf: ['strict', 'available'], internal: true },
  ),
  'metrics.listener': string(
    null,
    'Where metrics are told over HTTP, as host:port: GET /metrics in the text format of Prometheus. Nowhere when not given.',
    { internal: true },
  ),
  'lease.trust.refused': boolean(
    false,
    'Whether three refused connections end a lease at once; only safe when nothing on the way refuses in the name of the broker.',
    { internal: true },
  ),
})
