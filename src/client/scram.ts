/** SCRAM (RFC 5802, RFC 7677), the client's side: pure, one step after the other. */
import { localError } from './kafka-error.ts'

/** Loaded when somebody logs in, not with every start. */
const crypto = () => process.getBuiltinModule('node:crypto')

/** As Kafka: fewer would make a stolen exchange cheap to attack. */
const iterationsMin = 4096
/** A server that asks for more wants to keep us busy. */
const iterationsMax = 10_000_000

export class ScramClient {
  readonly #hash: 'sha256' | 'sha512'
  readonly #username: string
  readonly #password: string
  readonly #nonce: string
  #serverSignature: Buffer | undefined

  constructor(hash: 'sha256' | 'sha512', username: string, password: string, nonce: string) {
    this.#hash = hash
    this.#username = username
    this.#password = password
    this.#nonce = nonce
  }

  get #firstBare(): string {
    const name = this.#username.normalize('NFKC').replaceAll('=', '=3D').replaceAll(',', '=2C')
    return `n=${name},r=${this.#nonce}`
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.#firstBare}`)
  }

  /** The answer to the server's first message; throws when the server is not to be trusted. */
  final(serverFirst: Buffer): Buffer {
    const attributes = parseAttributes(serverFirst)
    const nonce = attributes.get('r') ?? ''
    const salt = Buffer.from(attributes.get('s') ?? '', 'base64')
    const iterations = Number(attributes.get('i'))
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      throw localError('AUTHENTICATION', 'SCRAM: the server did not extend our nonce')
    if (salt.length === 0 || !(iterations >= iterationsMin && iterations <= iterationsMax))
      throw localError('AUTHENTICATION', `SCRAM: ${iterations} iterations are not acceptable`)
    const size = this.#hash === 'sha256' ? 32 : 64
    const salted = crypto().pbkdf2Sync(
      this.#password.normalize('NFKC'),
      salt,
      iterations,
      size,
      this.#hash,
    )
    const clientKey = this.#hmac(salted, 'Client Key')
    const storedKey = crypto().createHash(this.#hash).update(clientKey).digest()
    const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`
    const message = `${this.#firstBare},${serverFirst.toString()},${withoutProof}`
    const signature = this.#hmac(storedKey, message)
    const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), message)
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)
  }

  /** Checks that the server knows the password too. */
  verify(serverFinal: Buffer): void {
    const attributes = parseAttributes(serverFinal)
    const error = attributes.get('e')
    if (error !== undefined)
      throw localError('AUTHENTICATION', `SCRAM: the server answered ${error}`)
    const claimed = Buffer.from(attributes.get('v') ?? '', 'base64')
    const expected = this.#serverSignature
    if (expected?.length !== claimed.length || !crypto().timingSafeEqual(expected, claimed))
      throw localError('AUTHENTICATION', 'SCRAM: the server could not prove that it knows us')
  }

  #hmac(key: Buffer, text: string): Buffer {
    return crypto().createHmac(this.#hash, key).update(text).digest()
  }
}

function parseAttributes(message: Buffer): Map<string, string> {
  return new Map(
    message
      .toString()
      .split(',')
      .map((part) => [part.slice(0, 1), part.slice(2)]),
  )
}
