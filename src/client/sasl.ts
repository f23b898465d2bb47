/** SASL over Kafka's own requests: SaslHandshake 1, then SaslAuthenticate (KIP-43, KIP-152, KIP-255). */
import { SaslAuthenticate } from '../../protocol/messages/sasl-authenticate.ts'
import { SaslHandshake } from '../../protocol/messages/sasl-handshake.ts'
import type { Env } from '../env/env.ts'
import type { SaslOptions } from './client-options.ts'
import type { BrokerConnection } from './connection.ts'
import { brokerError, localError } from './kafka-error.ts'

const unsupportedMechanism = 33
const illegalSaslState = 34

export async function authenticate(
  env: Env,
  connection: BrokerConnection,
  sasl: SaslOptions,
): Promise<void> {
  const { mechanism } = sasl
  // Kafka's brokers answer so themselves; who has no SASL at all would close the connection without a word.
  if (connection.version(SaslHandshake) === undefined)
    throw brokerError(
      illegalSaslState,
      `SASL ${mechanism}`,
      `${connection.name} is a listener without SASL`,
    )
  const handshake = await connection.send(SaslHandshake, { mechanism }, { version: 1 })
  if (handshake.errorCode === unsupportedMechanism)
    throw brokerError(
      handshake.errorCode,
      `SASL ${mechanism}`,
      `${connection.name} offers ${handshake.mechanisms.join(', ') || 'nothing'}`,
    )
  if (handshake.errorCode !== 0) throw brokerError(handshake.errorCode, `SASL ${mechanism}`)
  const exchange = (authBytes: Buffer) => sendToken(connection, mechanism, authBytes)
  if (mechanism === 'PLAIN') {
    const { username, password } = credentials(sasl)
    await exchange(Buffer.from(`\0${username}\0${password}`))
  } else if (mechanism === 'OAUTHBEARER') {
    const refusal = await exchange(await bearerMessage(sasl))
    // RFC 7628: a refusal is a challenge with JSON; the broker waits for one more byte, we go.
    if (refusal.length > 0)
      throw localError('AUTHENTICATION', `SASL OAUTHBEARER: the broker refused: ${refusal}`)
  } else {
    const { username, password } = credentials(sasl)
    const nonce = env.random.bytes(24).toString('base64url')
    const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
    const { ScramClient } = await import('./scram.ts')
    const scram = new ScramClient(hash, username, password, nonce)
    const serverFirst = await exchange(scram.first())
    scram.verify(await exchange(scram.final(serverFirst)))
  }
}

async function sendToken(connection: BrokerConnection, mechanism: string, authBytes: Buffer) {
  const answer = await connection.send(SaslAuthenticate, { authBytes })
  if (answer.errorCode !== 0)
    throw brokerError(
      answer.errorCode,
      `SASL ${mechanism} at ${connection.name}`,
      answer.errorMessage,
    )
  return answer.authBytes
}

function credentials(sasl: SaslOptions): { username: string; password: string } {
  const { username, password } = sasl
  if (username === undefined || password === undefined)
    throw localError(
      'AUTHENTICATION',
      `SASL ${sasl.mechanism} needs sasl.username and sasl.password`,
    )
  return { username, password }
}

/** The initial client response of RFC 7628. */
async function bearerMessage(sasl: SaslOptions): Promise<Buffer> {
  const token = await sasl.token?.()
  if (!token) throw localError('AUTHENTICATION', 'SASL OAUTHBEARER needs a token')
  const extensions = Object.entries(sasl.extensions ?? {}).map(
    ([key, value]) => `${key}=${value}\x01`,
  )
  return Buffer.from(`n,,\x01auth=Bearer ${token}\x01${extensions.join('')}\x01`)
}
