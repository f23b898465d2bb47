/** Which property names there are: librdkafka's, Java's, and our own few. */
import { librdkafkaDefaults } from './librdkafka-properties.ts'

/** Names of Java's producer, consumer and admin clients that librdkafka does not have. */
const javaNames = `
acks auto.include.jmx.reporter auto.offset.reset buffer.memory client.dns.lookup compression.type
compression.gzip.level compression.lz4.level compression.zstd.level connections.max.idle.ms
default.api.timeout.ms delivery.timeout.ms enable.metrics.push exclude.internal.topics fetch.max.wait.ms
group.protocol group.remote.assignor interceptor.classes internal.auto.downgrade.txn.commit
isolation.level key.deserializer key.serializer linger.ms max.block.ms max.partition.fetch.bytes
max.poll.records max.request.size metadata.max.idle.ms metadata.recovery.strategy
metadata.recovery.rebootstrap.trigger.ms metric.reporters metrics.num.samples
metrics.recording.level metrics.sample.window.ms partitioner.adaptive.partitioning.enable
partitioner.availability.timeout.ms partitioner.class partitioner.ignore.keys receive.buffer.bytes
reconnect.backoff.max.ms request.timeout.ms retries retry.backoff.max.ms
sasl.client.callback.handler.class sasl.jaas.config sasl.kerberos.ticket.renew.jitter
sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class sasl.login.class
sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor
sasl.login.refresh.window.jitter sasl.mechanism sasl.oauthbearer.clock.skew.seconds
sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer
sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.scope.claim.name
sasl.oauthbearer.sub.claim.name security.providers send.buffer.bytes share.acknowledgement.mode
socket.connection.setup.timeout.max.ms ssl.cipher.suites ssl.enabled.protocols
ssl.engine.factory.class ssl.key.password ssl.keymanager.algorithm ssl.keystore.certificate.chain
ssl.keystore.key ssl.keystore.location ssl.keystore.password ssl.keystore.type ssl.protocol
ssl.provider ssl.secure.random.implementation ssl.trustmanager.algorithm
ssl.truststore.certificates ssl.truststore.location ssl.truststore.password ssl.truststore.type
transaction.timeout.ms transactional.id value.deserializer value.serializer allow.auto.create.topics
bootstrap.controllers check.crcs client.rack
`
  .trim()
  .split(/\s+/)

/** Ours: a bearer token, a command that prints one, and SASL extensions (KIP-342). */
const ownNames = ['sasl.oauthbearer.token', 'sasl.oauthbearer.token.command']

const known = new Set([...Object.keys(librdkafkaDefaults), ...javaNames, ...ownNames])

export const propertyNames: readonly string[] = [...known].sort()

/** `topic.` in front says in kcat that it is a property of topics; it may be left out. */
export function canonicalName(name: string): string | undefined {
  if (known.has(name)) return name
  const bare = name.startsWith('topic.') ? name.slice(6) : name
  return known.has(bare) ? bare : undefined
}
