/** Key and trust stores that keytool and openssl made (`key-stores/`), by Java's property names. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clientOptionsOf, Properties } from '../../src/cli/client-config.ts'

const stores = join(import.meta.dirname, 'key-stores')
const directory = mkdtempSync(join(tmpdir(), 'ottla-stores-'))
afterAll(() => rmSync(directory, { recursive: true }))

const tls = (values: Record<string, string>) =>
  clientOptionsOf(
    new Properties(
      new Map(
        Object.entries({ 'bootstrap.servers': 'x:1', 'security.protocol': 'SSL', ...values }),
      ),
    ),
  ).tls!

const keyStore = (name: string, password = 'secret1', rest: Record<string, string> = {}) =>
  tls({
    'ssl.keystore.location': join(stores, name),
    'ssl.keystore.password': password,
    ...rest,
  })
const trustStore = (name: string, password = 'secret1') =>
  tls({
    'ssl.truststore.location': join(stores, name),
    'ssl.truststore.password': password,
  })

const subjects = (pem: unknown) =>
  String(pem)
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((one) => new X509Certificate(one).subject)

for (const [name, type, rest] of [
  ['key.p12', 'rsa', {}],
  ['key.jks', 'rsa', {}],
  ['key-legacy.p12', 'rsa', {}],
  ['elliptic.p12', 'ec', {}],
  ['elliptic.jks', 'ec', { 'ssl.key.password': 'secret2' }],
] as const)
  test(`the key and its chain are read from ${name}`, () => {
    const { key, cert } = keyStore(name, 'secret1', rest)
    const own = new X509Certificate(String(cert))
    const secret = createPrivateKey(String(key))
    expect([secret.asymmetricKeyType, own.checkPrivateKey(secret), subjects(cert)]).toEqual([
      ...[type, true],
      ['CN=client', 'CN=ca'],
    ])
  })

test('the authorities of a trust store are trusted', () => {
  for (const name of ['trust.p12', 'trust.jks', 'trust-openssl.p12'])
    expect([name, subjects(trustStore(name).ca)]).toEqual([name, ['CN=ca']])
})

test('what a store cannot give is said in a sentence that names file and property', () => {
  const at = (name: string) => join(stores, name)
  const trusted = { 'ssl.truststore.location': at('trust.p12') }
  expect(() => tls(trusted)).toThrow(
    `${at('trust.p12')} is a PKCS #12 store: set ssl.truststore.password to open it`,
  )
  for (const name of ['trust.p12', 'trust.jks'])
    expect(() => trustStore(name, 'wrong')).toThrow(
      `${at(name)} cannot be read: ssl.truststore.password is wrong, or the file is damaged`,
    )
  expect(() => keyStore('elliptic.jks')).toThrow('ssl.keystore.password is wrong')
  expect(() => keyStore('elliptic.jks', 'secret1', { 'ssl.key.password': 'x' })).toThrow(
    'ssl.key.password is wrong',
  )
  expect(() => keyStore('key.jceks')).toThrow('is a JCEKS store')
  expect(() => keyStore('trust.jks')).toThrow(`${at('trust.jks')} has no private key`)
  expect(() => keyStore('missing.p12')).toThrow(
    `Failed to open ${at('missing.p12')}: No such file or directory`,
  )
  expect(() => tls({ 'ssl.ca.location': at('trust.p12') })).toThrow('ssl.truststore.location')
})

test('a store that was cut off anywhere is refused, never half read', () => {
  const path = join(directory, 'cut')
  for (const [name, step] of [
    ['elliptic.jks', 1],
    ['trust.p12', 16],
  ] as const) {
    const whole = readFileSync(join(stores, name))
    for (let length = 0; length < whole.length; length += step) {
      writeFileSync(path, whole.subarray(0, length))
      const read = () => tls({ 'ssl.keystore.location': path, 'ssl.keystore.password': 'secret1' })
      expect(read, `${name} of ${length} bytes`).toThrow(path)
    }
  }
})
