/** SASL from properties: librdkafka's names, Java's `sasl.jaas.config`, tokens from a command. */
import type { SaslOptions } from '../client/client-options.ts'
import type { Properties } from './client-config.ts'
import { Failure } from './failure.ts'

const mechanisms = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const
/** A command that prints a token has to answer while a connection waits. */
const tokenCommandMs = 30_000
/** How long a token without a signature is said to be good. */
const unsecuredTokenSeconds = 3600

export function saslOf(properties: Properties): SaslOptions {
  const named = properties.get('sasl.mechanism', 'sasl.mechanisms')
  if (named === undefined)
    throw new Failure(
      'SASL needs sasl.mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER',
    )
  if (named.toUpperCase() === 'GSSAPI')
    throw new Failure('SASL GSSAPI (Kerberos) is not supported; PLAIN, SCRAM and OAUTHBEARER are')
  const mechanism = properties.oneOf(mechanisms, 'sasl.mechanism', 'sasl.mechanisms')!
  const jaas = parseJaas(properties.get('sasl.jaas.config'))
  const username = properties.get('sasl.username') ?? jaas.get('username')
  const password = properties.get('sasl.password') ?? jaas.get('password')
  if (mechanism !== 'OAUTHBEARER')
    return {
      mechanism,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    }
  return { mechanism, token: tokenSource(properties, jaas) }
}

/** `…LoginModule required username="a" password="b";` */
export function parseJaas(text: string | undefined): Map<string, string> {
  const options = new Map<string, string>()
  for (const match of (text ?? '').matchAll(
    /([A-Za-z_][\w.]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g,
  ))
    options.set(match[1]!, (match[2] ?? match[3] ?? '').replaceAll(/\\(.)/g, '$1'))
  return options
}

function tokenSource(
  properties: Properties,
  jaas: ReadonlyMap<string, string>,
): () => string | Promise<string> {
  const token = properties.get('sasl.oauthbearer.token')
  if (token !== undefined) return () => token
  const command = properties.get('sasl.oauthbearer.token.command')
  if (command !== undefined) return () => runTokenCommand(command)
  const claims = new Map(
    [...(properties.get('sasl.oauthbearer.config') ?? '').matchAll(/(\w+)=(\S+)/g)].map((m) => [
      m[1]!,
      m[2]!,
    ]),
  )
  const subject = claims.get('principal') ?? jaas.get('unsecuredLoginStringClaim_sub')
  if (subject === undefined)
    throw new Failure(
      'SASL OAUTHBEARER needs sasl.oauthbearer.token or sasl.oauthbearer.token.command',
    )
  return () => unsecuredToken(subject, claims.get('scope'))
}

async function runTokenCommand(command: string): Promise<string> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    execFile('/bin/sh', ['-c', command], { timeout: tokenCommandMs }, (error, stdout, stderr) => {
      if (error) reject(new Failure(`The token command failed: ${stderr.trim() || error.message}`))
      else resolve(stdout.trim())
    })
  })
}

/** A JWT without a signature: for tests, as librdkafka and Java make them. */
function unsecuredToken(subject: string, scope: string | undefined): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    sub: subject,
    iat: nowSeconds,
    exp: nowSeconds + unsecuredTokenSeconds,
    ...(scope && { scope }),
  }
  return `${part({ alg: 'none' })}.${part(claims)}.`
}
