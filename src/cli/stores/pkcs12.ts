/** PKCS #12 (RFC 7292) with the ciphers of old and new Javas, by node-forge: OpenSSL reads no store without a key. */
import { createRequire } from 'node:module'
import type forge from 'node-forge'
import {
  pemOf,
  type StoreAccess,
  type StoreContent,
  UnreadableStore,
  wrongPassword,
} from './store-content.ts'

export function readPkcs12(
  bytes: Buffer,
  { password, passwordProperty }: StoreAccess,
): StoreContent {
  if (password === undefined)
    throw new UnreadableStore(`is a PKCS #12 store: set ${passwordProperty} to open it`)
  const { asn1, pkcs12, pki, util } = createRequire(import.meta.url)('node-forge') as typeof forge
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const der = (value: forge.asn1.Asn1) => Buffer.from(asn1.toDer(value).getBytes(), 'binary')
  const store = (() => {
    try {
      const value = asn1.fromDer(util.createBuffer(bytes.toString('binary')))
      return pkcs12.pkcs12FromAsn1(value, false, password)
    } catch {
      throw wrongPassword(passwordProperty)
    }
  })()
  const bags = store.safeContents.flatMap(({ safeBags }) => safeBags)
  // What forge has no class for, as elliptic curves, stays as it was read.
  const certificates = bags.flatMap(({ type, cert, asn1: raw, attributes }) => {
    if (type !== pki.oids['certBag']) return []
    const bytes = cert ? der(pki.certificateToAsn1(cert)) : der(raw)
    return [{ id: idOf(attributes), x509: new X509Certificate(bytes), der: bytes }]
  })
  const keys = bags.flatMap(({ type, key, asn1: raw, attributes }) => {
    if (type !== pki.oids['keyBag'] && type !== pki.oids['pkcs8ShroudedKeyBag']) return []
    const info = key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key)) : raw
    return [{ id: idOf(attributes), pem: pemOf('PRIVATE KEY', der(info)) }]
  })
  const ofKeys = new Set<object>()
  const entries = keys.map(({ id, pem }) => {
    const chain: typeof certificates = []
    let next = certificates.find((one) => one.id !== undefined && one.id === id) ?? certificates[0]
    while (next !== undefined) {
      const { x509 } = next
      chain.push(next)
      // An authority that signed itself is the end, also where it stands in the store twice.
      next = x509.checkIssued(x509)
        ? undefined
        : certificates.find((one) => !chain.includes(one) && x509.checkIssued(one.x509))
    }
    for (const one of chain) ofKeys.add(one)
    return { key: pem, chain: chain.map((one) => pemOf('CERTIFICATE', one.der)) }
  })
  const trusted = certificates.filter((one) => !ofKeys.has(one))
  return { keys: entries, trusted: trusted.map((one) => pemOf('CERTIFICATE', one.der)) }
}

/** Names the key that a certificate is for. */
const idOf = (attributes: { localKeyId?: string[] } | undefined) => attributes?.localKeyId?.[0]
