/**
 * Key stores and trust stores as Java's clients have them: PEM, PKCS #12 or JKS. What a file is stands
 * in its first bytes; `ssl.keystore.type` need not be right.
 */
import { readFileSync } from 'node:fs'
import { Failure } from '../failure.ts'
import { systemText } from '../properties-file.ts'
import { readJks } from './jks.ts'
import { readPkcs12 } from './pkcs12.ts'
import { type StoreAccess, type StoreContent, UnreadableStore } from './store-content.ts'

const jksMagic = 0xfeedfeed
const jceksMagic = 0xcececece
/** DER of a sequence: what a PKCS #12 file begins with. */
const sequenceTag = 0x30

/** PEM as it stands, or what else the store has. */
export function readStore(access: StoreAccess): string | StoreContent {
  const { path } = access
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new Failure(`Failed to open ${path}: ${systemText(error)}`)
  }
  if (bytes.includes('-----BEGIN')) return bytes.toString()
  try {
    return contentOf(bytes, access)
  } catch (error) {
    if (error instanceof UnreadableStore) throw new Failure(`${path} ${error.message}`)
    throw error
  }
}

function contentOf(bytes: Buffer, access: StoreAccess): StoreContent {
  const magic = bytes.length < 4 ? 0 : bytes.readUInt32BE(0)
  if (magic === jksMagic) return readJks(bytes, access)
  if (magic === jceksMagic)
    throw new UnreadableStore(
      'is a JCEKS store, which is not read here: turn it into PKCS #12 with `keytool -importkeystore -deststoretype pkcs12`',
    )
  if (bytes[0] === sequenceTag) return readPkcs12(bytes, access)
  throw new UnreadableStore('is neither PEM nor a PKCS #12 or JKS store')
}

/** Everything a trust store trusts: certificates that stand alone, and those of its own keys. */
export function trustedPem(access: StoreAccess): string {
  const store = readStore(access)
  if (typeof store === 'string') return store
  const all = [...store.trusted, ...store.keys.flatMap(({ chain }) => chain.slice(0, 1))]
  if (all.length === 0) throw new Failure(`${access.path} has no certificates`)
  return all.join('')
}

/** The first key, as Java takes it. */
export function keyPem(access: StoreAccess): { cert: string; key: string } {
  const store = readStore(access)
  if (typeof store === 'string') return { cert: store, key: store }
  const [entry] = store.keys
  if (entry === undefined) throw new Failure(`${access.path} has no private key`)
  return { cert: entry.chain.join(''), key: entry.key }
}
