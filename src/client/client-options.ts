import type { TlsOptions } from '../env/env.ts'
import { localError } from './kafka-error.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  readonly username?: string
  readonly password?: string
  /** OAUTHBEARER: makes a token; called for every new connection, so that it may be renewed. */
  readonly token?: () => string | Promise<string>
  /** OAUTHBEARER: SASL extensions (KIP-342), sent beside the token. */
  readonly extensions?: Readonly<Record<string, string>>
}

/** What every part of the client needs to reach a cluster. Times in milliseconds. */
export interface ClientOptions {
  readonly bootstrap: readonly Endpoint[]
  readonly clientId?: string | undefined
  readonly tls?: TlsOptions | undefined
  readonly sasl?: SaslOptions | undefined
  /** Until a connection speaks Kafka: TCP, TLS, ApiVersions and SASL together. */
  readonly connectTimeoutMs?: number | undefined
  /** Until a request is answered; long polls add their own waiting time. */
  readonly requestTimeoutMs?: number | undefined
  /** How long an operation is tried again on errors that may pass. */
  readonly operationTimeoutMs?: number | undefined
  readonly retryBackoffMs?: number | undefined
  readonly retryBackoffMsMax?: number | undefined
  readonly metadataAgeMsMax?: number | undefined
  readonly allowAutoTopicCreation?: boolean | undefined
}

export const clientDefaults = {
  clientId: 'ottla',
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  operationTimeoutMs: 60_000,
  retryBackoffMs: 100,
  retryBackoffMsMax: 1_000,
  metadataAgeMsMax: 300_000,
} as const

/**
 * Reads `host[:port],…`; the port is 9092 unless given, `[::1]:9092` is an IPv6 address, and a
 * listener's scheme in front (`PLAINTEXT://`) is dropped, because librdkafka allows it too.
 */
export function parseEndpoints(text: string): Endpoint[] {
  const endpoints = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(parseEndpoint)
  if (endpoints.length === 0) throw localError('INVALID_ARG', `No broker address in "${text}"`)
  return endpoints
}

function parseEndpoint(text: string): Endpoint {
  const bare = text.replace(/^[A-Za-z0-9_+.-]+:\/\//, '')
  const match =
    /^\[(?<six>[^\]]+)\](?::(?<port6>\d+))?$/.exec(bare) ??
    /^(?<host>[^:]+)(?::(?<port>\d+))?$/.exec(bare) ??
    /^(?<host>[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)$/.exec(bare)
  const groups = match?.groups
  const host = groups?.['six'] ?? groups?.['host']
  const port = Number(groups?.['port6'] ?? groups?.['port'] ?? 9092)
  if (host === undefined || port < 1 || port > 65_535)
    throw localError('INVALID_ARG', `"${text}" is not a broker address: host:port is expected`)
  return { host, port }
}
