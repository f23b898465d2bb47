/** What a store holds, and how reading it fails. */

/** A private key in PEM, and the certificates from its own up to the authority's. */
export interface KeyEntry {
  readonly key: string
  readonly chain: readonly string[]
}

export interface StoreContent {
  readonly keys: readonly KeyEntry[]
  readonly trusted: readonly string[]
}

/** Says in a sentence why a store cannot be read; the reader of the file puts its name in front. */
export class UnreadableStore extends Error {}

/** `password` names the property for the message, `ssl.truststore.password`. */
export interface StoreAccess {
  readonly path: string
  readonly password: string | undefined
  readonly passwordProperty: string
  /** Where a key has a password of its own. */
  readonly keyPassword?: string | undefined
}

export const wrongPassword = (property: string): UnreadableStore =>
  new UnreadableStore(`cannot be read: ${property} is wrong, or the file is damaged`)

export function pemOf(label: 'CERTIFICATE' | 'PRIVATE KEY', der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
