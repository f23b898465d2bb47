/**
 * Java's own key store format: a header, the entries, and a SHA-1 digest of all of it under the password.
 *
 *     0xFEEDFEED, version, count
 *     entry: tag 1, alias, time, encrypted key, chain (count, certificates)
 *            tag 2, alias, time, certificate
 *
 * Numbers are big-endian, texts have a length of two bytes, a certificate is its type (since version 2),
 * a length and DER. A key is XORed with a chain of SHA-1 digests that begins with password and salt.
 * As `sun.security.provider.JavaKeyStore` and `KeyProtector` of OpenJDK write it.
 */
import {
  type KeyEntry,
  pemOf,
  type StoreAccess,
  type StoreContent,
  UnreadableStore,
  wrongPassword,
} from './store-content.ts'

const headerBytes = 12
const digestBytes = 20
/** What the digest of the store has between password and content. */
const whitener = 'Mighty Aphrodite'
const [keyTag, certificateTag] = [1, 2]

/** Without a password nothing is checked, and keys stay closed, as in Java. */
export function readJks(bytes: Buffer, access: StoreAccess): StoreContent {
  const { password } = access
  const content = bytes.subarray(0, -digestBytes)
  if (password !== undefined) {
    const digest = sha1(utf16(password), Buffer.from(whitener), content)
    if (!digest.equals(bytes.subarray(-digestBytes))) throw wrongPassword(access.passwordProperty)
  }
  const reader = new Reader(content)
  const keys: KeyEntry[] = []
  const trusted: string[] = []
  for (let left = reader.count; left > 0; left--) {
    const tag = reader.int32()
    reader.text()
    reader.skip(8)
    if (tag === certificateTag) trusted.push(reader.certificate())
    else if (tag === keyTag) {
      const closed = reader.bytes(reader.int32())
      const chain = Array.from({ length: reader.int32() }, () => reader.certificate())
      keys.push({ key: pemOf('PRIVATE KEY', openKey(closed, access)), chain })
    } else throw new UnreadableStore(`is damaged: it has an entry of kind ${tag}`)
  }
  return { keys, trusted }
}

class Reader {
  readonly count: number
  readonly #version: number
  readonly #bytes: Buffer
  #at = headerBytes

  constructor(bytes: Buffer) {
    if (bytes.length < headerBytes) throw new UnreadableStore('is damaged: it ends too early')
    this.#bytes = bytes
    this.#version = bytes.readInt32BE(4)
    this.count = bytes.readInt32BE(8)
  }

  bytes(length: number): Buffer {
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length)
      throw new UnreadableStore('is damaged: it ends too early')
    const found = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return found
  }

  skip(length: number): void {
    this.bytes(length)
  }

  int32(): number {
    return this.bytes(4).readInt32BE(0)
  }

  text(): string {
    return this.bytes(this.bytes(2).readUInt16BE(0)).toString()
  }

  certificate(): string {
    if (this.#version > 1) this.text()
    return pemOf('CERTIFICATE', this.bytes(this.int32()))
  }
}

/** `EncryptedPrivateKeyInfo`: an algorithm that is always the same, and what it made. */
function openKey(info: Buffer, access: StoreAccess): Buffer {
  const password = access.keyPassword ?? access.password
  if (password === undefined)
    throw new UnreadableStore(`has a key: set ${access.passwordProperty} to open it`)
  const sealed = derContents(derContents(info)[0] ?? info)[1]
  if (sealed === undefined || sealed.length < 2 * digestBytes)
    throw new UnreadableStore('is damaged: a key in it ends too early')
  const secret = utf16(password)
  const key = Buffer.from(sealed.subarray(digestBytes, -digestBytes))
  let digest = sealed.subarray(0, digestBytes)
  for (let at = 0; at < key.length; at++) {
    if (at % digestBytes === 0) digest = sha1(secret, digest)
    key[at]! ^= digest[at % digestBytes]!
  }
  if (!sha1(secret, key).equals(sealed.subarray(-digestBytes)))
    throw wrongPassword(
      access.keyPassword === undefined ? access.passwordProperty : 'ssl.key.password',
    )
  return key
}

/** The contents of the DER values that stand one behind the other. */
function derContents(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes[at + 1]!
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f
    if (lengthBytes > 4 || at + 2 + lengthBytes > bytes.length) break
    const length = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes)
    const start = at + 2 + lengthBytes
    found.push(bytes.subarray(start, start + length))
    at = start + length
  }
  return found
}

const utf16 = (text: string) => Buffer.from(text, 'utf16le').swap16()

function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
