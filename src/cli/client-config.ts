/** From property names, librdkafka's and Java's alike, to what the client understands. */
import { readFileSync } from 'node:fs'
import { assignors } from '../client/assignors.ts'
import type { ClientOptions } from '../client/client-options.ts'
import { parseEndpoints } from '../client/client-options.ts'
import type { ConsumerOptions } from '../client/consumer.ts'
import { partitioners } from '../client/partitioner.ts'
import type { ProducerOptions } from '../client/producer.ts'
import type { TlsOptions } from '../env/env.ts'
import { Failure } from './failure.ts'
import { saslOf } from './sasl-config.ts'
import { keyPem, trustedPem } from './stores/key-store.ts'

export class Properties {
  readonly #values: ReadonlyMap<string, string>

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  /** The first of these names that is set. */
  get(...names: string[]): string | undefined {
    for (const name of names) {
      const value = this.#values.get(name)
      if (value !== undefined) return value
    }
    return undefined
  }

  number(...names: string[]): number | undefined {
    return this.#as(names, (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined))
  }

  boolean(...names: string[]): boolean | undefined {
    return this.#as(names, (text) => booleans[text.toLowerCase()])
  }

  oneOf<T>(values: Readonly<Record<string, T>>, ...names: string[]): T | undefined {
    return this.#as(names, (text) => values[text.toLowerCase()])
  }

  /** In the words of librdkafka, whose users look for them. */
  #as<T>(names: string[], convert: (text: string) => T | undefined): T | undefined {
    for (const name of names) {
      const text = this.#values.get(name)
      if (text === undefined) continue
      const value = convert(text)
      if (value === undefined)
        throw new Failure(`Invalid value "${text}" for configuration property "${name}"`)
      return value
    }
    return undefined
  }
}

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  t: true,
  f: false,
  '1': true,
  '0': false,
}

const codecNumbers = { none: 0, inherit: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

export function clientOptionsOf(properties: Properties): ClientOptions {
  const servers = properties.get('bootstrap.servers', 'metadata.broker.list')
  if (!servers) throw new Failure('No broker address: give one with -b HOST:PORT', 2)
  const protocol = protocolOf(properties)
  return {
    bootstrap: parseEndpoints(servers),
    clientId: properties.get('client.id'),
    ...(protocol.tls && { tls: tlsOf(properties) }),
    ...(protocol.sasl && { sasl: saslOf(properties) }),
    connectTimeoutMs: properties.number('socket.connection.setup.timeout.ms'),
    requestTimeoutMs: properties.number('socket.timeout.ms', 'request.timeout.ms'),
    retryBackoffMs: properties.number('retry.backoff.ms'),
    retryBackoffMsMax: properties.number('retry.backoff.max.ms'),
    metadataAgeMsMax: properties.number('metadata.max.age.ms'),
    allowAutoTopicCreation: properties.boolean('allow.auto.create.topics'),
  }
}

function protocolOf(properties: Properties): { tls: boolean; sasl: boolean } {
  const protocols = {
    plaintext: { tls: false, sasl: false },
    ssl: { tls: true, sasl: false },
    sasl_plaintext: { tls: false, sasl: true },
    sasl_ssl: { tls: true, sasl: true },
  }
  return properties.oneOf(protocols, 'security.protocol') ?? protocols.plaintext
}

function tlsOf(properties: Properties): TlsOptions {
  const pem = (inline: string[], file: string[]) => {
    const text = properties.get(...inline)
    if (text !== undefined) return text.replaceAll('\\n', '\n')
    const path = properties.get(...file)
    return path ? readPem(path) : undefined
  }
  const keys = storeOf(properties, 'keystore')
  const trust = storeOf(properties, 'truststore')
  const store = keys && keyPem(keys)
  const check = properties.get('ssl.endpoint.identification.algorithm')
  return {
    ca:
      pem(['ssl.ca.pem', 'ssl.truststore.certificates'], ['ssl.ca.location']) ??
      (trust && trustedPem(trust)),
    cert:
      pem(
        ['ssl.certificate.pem', 'ssl.keystore.certificate.chain'],
        ['ssl.certificate.location'],
      ) ?? store?.cert,
    key: pem(['ssl.key.pem', 'ssl.keystore.key'], ['ssl.key.location']) ?? store?.key,
    passphrase: properties.get('ssl.key.password', 'ssl.keystore.password'),
    rejectUnauthorized: properties.boolean('enable.ssl.certificate.verification'),
    ...(check !== undefined && check !== 'https' && { verifyHostname: false }),
  }
}

/** Undefined when none is named. */
function storeOf(properties: Properties, store: 'keystore' | 'truststore') {
  const path = properties.get(`ssl.${store}.location`)
  const passwordProperty = `ssl.${store}.password`
  const password = properties.get(passwordProperty)
  const keyPassword = properties.get('ssl.key.password')
  return path ? { path, password, passwordProperty, keyPassword } : undefined
}

function readPem(path: string): string {
  const bytes = readFileSync(path)
  if (bytes.includes('-----BEGIN')) return bytes.toString()
  throw new Failure(
    `${path} is not PEM: stores of PKCS #12 and JKS go into ssl.truststore.location and ssl.keystore.location`,
  )
}

export function producerOptionsOf(properties: Properties): ProducerOptions {
  const acks = properties.oneOf(
    { all: -1, '-1': -1, '0': 0, '1': 1 } as const,
    'acks',
    'request.required.acks',
  )
  const name = properties.get('partitioner')
  const partitioner = name === undefined ? undefined : partitioners[name]
  if (name !== undefined && partitioner === undefined)
    throw new Failure(`Invalid value "${name}" for configuration property "partitioner"`)
  const kilobytes = properties.number('queue.buffering.max.kbytes')
  return {
    acks,
    idempotent: properties.boolean('enable.idempotence'),
    transactionalId: properties.get('transactional.id') || undefined,
    transactionTimeoutMs: properties.number('transaction.timeout.ms'),
    compression: properties.oneOf(codecNumbers, 'compression.codec', 'compression.type'),
    lingerMs: properties.number('linger.ms', 'queue.buffering.max.ms'),
    batchBytesMax: properties.number('batch.size'),
    bufferBytesMax:
      properties.number('buffer.memory') ??
      (kilobytes === undefined ? undefined : kilobytes * 1024),
    deliveryTimeoutMs: properties.number('message.timeout.ms', 'delivery.timeout.ms'),
    partitioner,
  }
}

const offsetResets = {
  smallest: 'earliest',
  earliest: 'earliest',
  beginning: 'earliest',
  largest: 'latest',
  latest: 'latest',
  end: 'latest',
  error: 'error',
  none: 'error',
} as const

/** Java names classes, librdkafka names. */
function assignorsOf(text: string): string[] {
  const byClass: Readonly<Record<string, string>> = {
    RangeAssignor: 'range',
    RoundRobinAssignor: 'roundrobin',
    CooperativeStickyAssignor: 'cooperative-sticky',
  }
  const names = text.split(',').map((item) => item.trim().split('.').at(-1) ?? '')
  const known = names.map((name) => byClass[name] ?? name)
  const usable = known.filter((name) => name in assignors)
  if (usable.length > 0) return usable
  throw new Failure(
    `Invalid value "${text}" for configuration property "partition.assignment.strategy": range, roundrobin and cooperative-sticky are supported`,
  )
}

export function consumerOptionsOf(properties: Properties): ConsumerOptions {
  const strategy = properties.get('partition.assignment.strategy')
  const groupId = properties.get('group.id')
  const kilobytes = properties.number('queued.max.messages.kbytes')
  return {
    isolation: properties.oneOf(
      { read_committed: 'read_committed', read_uncommitted: 'read_uncommitted' } as const,
      'isolation.level',
    ),
    waitMsMax: properties.number('fetch.wait.max.ms', 'fetch.max.wait.ms'),
    bytesMin: properties.number('fetch.min.bytes'),
    bytesMax: properties.number('fetch.max.bytes'),
    partitionBytesMax: properties.number('fetch.message.max.bytes', 'max.partition.fetch.bytes'),
    bufferBytesMax: kilobytes === undefined ? undefined : kilobytes * 1024,
    offsetReset: properties.oneOf(offsetResets, 'auto.offset.reset'),
    rack: properties.get('client.rack'),
    groupProtocol: properties.oneOf(
      { classic: 'classic', consumer: 'consumer' } as const,
      'group.protocol',
    ),
    autoCommitIntervalMs:
      properties.boolean('enable.auto.commit') === false
        ? 0
        : properties.number('auto.commit.interval.ms'),
    commitOnClose: properties.boolean('enable.auto.commit'),
    ...(groupId !== undefined && {
      group: {
        groupId,
        groupInstanceId: properties.get('group.instance.id'),
        sessionTimeoutMs: properties.number('session.timeout.ms'),
        heartbeatIntervalMs: properties.number('heartbeat.interval.ms'),
        rebalanceTimeoutMs: properties.number('max.poll.interval.ms'),
        serverAssignor: properties.get('group.remote.assignor') ?? null,
        rack: properties.get('client.rack'),
        ...(strategy && { assignors: assignorsOf(strategy) }),
      },
    }),
  }
}
