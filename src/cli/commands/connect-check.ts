/**
 * `connect-check`: walks from the name of a broker to its advertised addresses, and says at which
 * step it fails and what to change.
 */
import type { Command } from 'commander'
import { Metadata } from '../../../protocol/messages/metadata.ts'
import type { Endpoint } from '../../client/client-options.ts'
import { BrokerConnection } from '../../client/connection.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { nodeEnv } from '../../env/node.ts'
import { clientOptionsOf } from '../client-config.ts'
import { guessLanguage, openTcp, openTls, resolveHost } from '../probe.ts'
import { type Session, withSession } from '../session.ts'

export function registerConnectCheck(program: Command): void {
  program
    .command('connect-check')
    .description('Find out why a connection to a broker does not work')
    .action(withSession(check))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla connect-check -b kafka.example.com:9093 -X security.protocol=SSL\n  ottla connect-check --profile production --format json',
    )
}

interface Step {
  readonly step: string
  readonly address: string
  readonly ok: boolean
  readonly detail: string
  /** What to change. */
  readonly advice?: string | undefined
}

class Walk {
  readonly steps: Step[] = []
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Runs one step and tells about it; undefined when it failed. */
  async step<T>(
    step: string,
    address: string,
    run: () => Promise<T>,
    detail: (value: T) => string,
    advice: (error: Error) => string | undefined | Promise<string | undefined>,
  ): Promise<T | undefined> {
    try {
      const value = await run()
      this.#add({ step, address, ok: true, detail: detail(value) })
      return value
    } catch (error) {
      const reason = error as Error
      this.#add({ step, address, ok: false, detail: reason.message, advice: await advice(reason) })
      return undefined
    }
  }

  #add(step: Step): void {
    this.steps.push(step)
    if (this.#session.format === 'json') return
    const color = this.#session.color ? (step.ok ? '\x1b[32m' : '\x1b[31m') : ''
    const mark = `${color}${step.ok ? 'ok    ' : 'FAILED'}${color ? '\x1b[39m' : ''}`
    const { out } = this.#session
    out.line(`${mark}  ${step.step.padEnd(10)}  ${step.address}  ${step.detail}`)
    if (step.advice) out.line(`        ${step.advice}`)
    out.flush()
  }

  get failed(): boolean {
    return this.steps.some(({ ok }) => !ok)
  }
}

async function check(session: Session): Promise<void> {
  const options = clientOptionsOf(session.properties)
  const walk = new Walk(session)
  const checked = new Set<string>()
  const advertised: Endpoint[] = []
  for (const endpoint of options.bootstrap) {
    checked.add(nameOf(endpoint))
    const connection = await reach(session, walk, endpoint)
    if (connection === undefined) continue
    const metadata = await walk.step(
      'metadata',
      nameOf(endpoint),
      () => connection.send(Metadata, { topics: [], allowAutoTopicCreation: false }),
      (answer) => `cluster ${answer.clusterId ?? '-'}, ${answer.brokers.length} brokers`,
      () =>
        options.sasl
          ? 'The broker closed the connection: is this user allowed to do anything?'
          : 'The broker closed the connection: a listener that wants SASL does that. Set security.protocol=SASL_PLAINTEXT (or SASL_SSL), sasl.mechanism, sasl.username and sasl.password',
    )
    connection.close()
    advertised.push(...(metadata?.brokers ?? []))
  }
  for (const broker of advertised) {
    const endpoint = { host: broker.host, port: broker.port }
    if (checked.has(nameOf(endpoint))) continue
    checked.add(nameOf(endpoint))
    const connection = await reach(session, walk, endpoint, true)
    connection?.close()
  }
  if (session.format === 'json') session.json({ ok: !walk.failed, steps: walk.steps })
  if (walk.failed) process.exitCode = 1
}

const nameOf = ({ host, port }: Endpoint) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Name, TCP, TLS, then Kafka itself with its authentication. */
async function reach(
  session: Session,
  walk: Walk,
  endpoint: Endpoint,
  advertised = false,
): Promise<BrokerConnection | undefined> {
  const options = clientOptionsOf(session.properties)
  const name = nameOf(endpoint)
  const setBy = advertised
    ? ' This address is advertised by the broker: set its advertised.listeners to one that clients can reach'
    : ''
  const addresses = await walk.step(
    'resolve',
    name,
    () => resolveHost(endpoint.host),
    (found) => found.join(', '),
    () => `The name ${endpoint.host} is not known here: check it, your DNS and /etc/hosts.${setBy}`,
  )
  if (addresses === undefined) return undefined
  const started = performance.now()
  const socket = await walk.step(
    'connect',
    name,
    () => openTcp(endpoint),
    () => `${(performance.now() - started).toFixed(1)} ms`,
    (error) => `${tcpAdvice(error, endpoint)}${setBy}`,
  )
  if (socket === undefined) return undefined
  socket.destroy()
  if (options.tls) {
    const { tls } = options
    const facts = await walk.step(
      'tls',
      name,
      () => openTls(endpoint, tls),
      (found) =>
        `${found.protocol}, certificate of ${found.subject} by ${found.issuer}, valid to ${found.validTo}`,
      (error) => tlsAdvice(error, endpoint),
    )
    if (facts === undefined) return undefined
  }
  return walk.step(
    options.sasl ? 'sasl' : 'kafka',
    name,
    () => BrokerConnection.open(nodeEnv({ level: 'silent' }), endpoint, options),
    (connection) =>
      `${options.sasl ? `${options.sasl.mechanism} as ${options.sasl.username ?? 'the bearer of the token'}, ` : ''}${connection.apiRanges.size} APIs`,
    (error) => kafkaAdvice(error, endpoint, options.tls !== undefined),
  )
}

function tcpAdvice(error: Error, { host, port }: Endpoint): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED')
    return `Nothing listens on port ${port} of ${host}: is the broker running, is the port right?`
  if (code === 'ETIMEDOUT')
    return 'No answer at all: a firewall, or an address that is not reachable from here.'
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return 'There is no route to it: another network, a VPN that is not up?'
  return 'Check the address.'
}

const certificateAdvice =
  'The broker wants a certificate of ours that it trusts: set ssl.certificate.location and ssl.key.location, or ssl.keystore.location'

/** TLS 1.3 says it only when the handshake is over, to the first bytes that are sent. */
function wantsCertificate(error: Error): boolean {
  const { code = '', message, cause } = error as NodeJS.ErrnoException
  const said = `${code}${message}`.toUpperCase().replaceAll(' ', '_')
  return (
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/.test(said) ||
    (cause instanceof Error && wantsCertificate(cause))
  )
}

async function tlsAdvice(error: Error, endpoint: Endpoint): Promise<string> {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code === 'CERT_HAS_EXPIRED')
    return "The broker's certificate has expired: it needs a new one."
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'The certificate is for another name: use that name, or set ssl.endpoint.identification.algorithm=none'
  if (/SELF_SIGNED|UNABLE_TO|ISSUER/.test(code))
    return 'The certificate is not signed by an authority that is trusted here: set ssl.ca.location to the PEM file of the authority, or ssl.truststore.location to a store that has it'
  if (wantsCertificate(error)) return certificateAdvice
  const language = await guessLanguage(endpoint)
  if (language === 'unknown')
    return 'The port does not speak TLS: set security.protocol=PLAINTEXT (or SASL_PLAINTEXT)'
  return `The port speaks ${language}, not TLS with Kafka: check host and port`
}

async function kafkaAdvice(
  error: Error,
  endpoint: Endpoint,
  tls: boolean,
): Promise<string | undefined> {
  if (
    error instanceof KafkaError &&
    (error.name === 'AUTHENTICATION' || error.name === 'SASL_AUTHENTICATION_FAILED')
  )
    return 'Check sasl.username and sasl.password (or the token).'
  if (error instanceof KafkaError && error.name === 'UNSUPPORTED_SASL_MECHANISM')
    return 'Set sasl.mechanism to one that the broker offers.'
  if (error instanceof KafkaError && error.name === 'ILLEGAL_SASL_STATE')
    return 'This listener does not use SASL: set security.protocol to PLAINTEXT or SSL.'
  if (tls && wantsCertificate(error)) return certificateAdvice
  if (tls) return 'TLS works, Kafka does not: is this the port of a broker?'
  const language = await guessLanguage(endpoint)
  if (language === 'TLS')
    return 'The port speaks TLS: set security.protocol=SSL (or SASL_SSL), and ssl.ca.location if its authority is your own'
  if (language === 'unknown') return 'Something listens there that is not Kafka: check the port.'
  return `The port speaks ${language}, not Kafka: check host and port`
}
