/**
 * TLS and SASL of the client against a real Kafka that has a listener for each: every mechanism
 * reads back what it wrote, and every wrong setting is named by `connect-check`. Needs openssl and keytool.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { realKafka, repository } from './tools.ts'

const bundle = join(repository, 'dist/ottla.js')
const directory = mkdtempSync(join(tmpdir(), 'ottla-security-'))
const names = ['PLAINTEXT', 'SASL', 'TLS', 'SASLTLS', 'MUTUAL', 'CONTROLLER'] as const
type Listener = (typeof names)[number]
const ports = new Map<Listener, number>()
const portOf = (listener: Listener) => ports.get(listener) ?? 0
function certificates(): void {
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout']
  const make = (name: string, ...extra: string[]) => {
    openssl('req', ...key, `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
    const signed = ['-out', `${name}.pem`, '-days', '2', ...extra]
    openssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...signed)
  }
  const subject = ['-subj', '/CN=test authority', '-days', '2']
  openssl('req', '-x509', ...key, 'ca.key', '-out', 'ca.pem', ...subject)
  writeFileSync(join(directory, 'names.cnf'), 'subjectAltName=DNS:localhost\n')
  make('localhost', '-extfile', 'names.cnf')
  make('client')
  const text = (name: string) => readFileSync(join(directory, name), 'utf8')
  writeFileSync(join(directory, 'server.pem'), text('localhost.key') + text('localhost.pem'))
  javaStores(openssl)
}

/** The same authority and the same client in the stores of Java's clients. */
function javaStores(openssl: (...args: string[]) => void): void {
  const keytool = (...args: string[]) =>
    execFileSync('keytool', [...args, '-noprompt'], { cwd: directory, stdio: 'pipe' })
  const client = ['-inkey', 'client.key', '-in', 'client.pem', '-certfile', 'ca.pem']
  openssl('pkcs12', '-export', ...client, '-out', 'openssl.p12', '-passout', 'pass:secret-2')
  const from = ['-srckeystore', 'openssl.p12', '-srcstorepass', 'secret-2']
  for (const type of ['pkcs12', 'jks']) {
    const password = ['-storetype', type, '-storepass', 'secret-2']
    keytool('-importcert', '-file', 'ca.pem', '-keystore', `trust.${type}`, ...password)
    const to = ['-destkeystore', `key.${type}`, '-deststoretype', type]
    keytool('-importkeystore', ...from, ...to, '-deststorepass', 'secret-2')
  }
}

const login = 'org.apache.kafka.common.security'
const jaas = (mechanism: string, text: string) =>
  `listener.name.sasl.${mechanism}.sasl.jaas.config=${text}`

function brokerArguments(): string[] {
  const address = (name: Listener) => `${name}://localhost:${portOf(name)}`
  const listeners = names.filter((name) => name !== 'CONTROLLER').map(address)
  const logins = [
    jaas('plain', `${login}.plain.PlainLoginModule required user_alice="secret-1";`),
    jaas('scram-sha-256', `${login}.scram.ScramLoginModule required;`),
    jaas('scram-sha-512', `${login}.scram.ScramLoginModule required;`),
    jaas(
      'oauthbearer',
      `${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    ),
  ]
  return [
    'start',
    join(directory, 'kafka'),
    '-p',
    String(portOf('PLAINTEXT')),
    `listeners=${[...listeners, address('CONTROLLER')]}`,
    `controller.quorum.voters=1@localhost:${portOf('CONTROLLER')}`,
    `advertised.listeners=${listeners}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL,MUTUAL:SSL',
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.sasltls.sasl.enabled.mechanisms=SCRAM-SHA-512',
    `listener.name.sasltls.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
    `listener.name.sasl.oauthbearer.sasl.server.callback.handler.class=${login}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
    ...logins,
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${join(directory, 'server.pem')}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${join(directory, 'ca.pem')}`,
    'listener.name.mutual.ssl.client.auth=required',
  ]
}

interface Step {
  readonly step: string
  readonly ok: boolean
  readonly advice?: string
  readonly detail?: string
}

interface Attempt {
  readonly name: string
  readonly to: Listener
  readonly host?: string
  readonly properties: readonly string[]
  /** What `connect-check` has to say; works when left out. */
  readonly fails?: readonly [step: string, words: RegExp]
}

const sasl = (mechanism: string, ...rest: string[]) => [
  'security.protocol=SASL_PLAINTEXT',
  `sasl.mechanism=${mechanism}`,
  ...rest,
]
const alice = ['sasl.username=alice', 'sasl.password=secret-1']
const trust = [`ssl.ca.location=${join(directory, 'ca.pem')}`]
const store = (which: 'truststore' | 'keystore', type: string, password = 'secret-2') => [
  `ssl.${which}.type=${type.toUpperCase()}`,
  `ssl.${which}.location=${join(directory, `${which === 'truststore' ? 'trust' : 'key'}.${type}`)}`,
  `ssl.${which}.password=${password}`,
]
const attempts: readonly Attempt[] = [
  { name: 'plaintext', to: 'PLAINTEXT', properties: [] },
  { name: 'PLAIN', to: 'SASL', properties: sasl('PLAIN', ...alice) },
  {
    name: 'PLAIN by JAAS',
    to: 'SASL',
    properties: sasl(
      'PLAIN',
      `sasl.jaas.config=${login}.plain.PlainLoginModule required username="alice" password="secret-1";`,
    ),
  },
  { name: 'SCRAM-SHA-256', to: 'SASL', properties: sasl('SCRAM-SHA-256', ...alice) },
  { name: 'SCRAM-SHA-512', to: 'SASL', properties: sasl('SCRAM-SHA-512', ...alice) },
  {
    name: 'OAUTHBEARER',
    to: 'SASL',
    properties: sasl('OAUTHBEARER', 'sasl.oauthbearer.config=principal=alice'),
  },
  {
    name: 'OAUTHBEARER by command',
    to: 'SASL',
    properties: sasl(
      'OAUTHBEARER',
      `sasl.oauthbearer.token.command=node -e "const p=(v)=>Buffer.from(JSON.stringify(v)).toString('base64url'),n=Math.floor(Date.now()/1000);console.log(p({alg:'none'})+'.'+p({sub:'alice',iat:n,exp:n+600})+'.')"`,
    ),
  },
  { name: 'TLS', to: 'TLS', properties: ['security.protocol=SSL', ...trust] },
  {
    name: 'TLS by Java names',
    to: 'TLS',
    properties: [
      'security.protocol=SSL',
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${join(directory, 'ca.pem')}`,
    ],
  },
  {
    name: 'TLS for another name',
    to: 'TLS',
    host: '127.0.0.1',
    properties: ['security.protocol=SSL', 'ssl.endpoint.identification.algorithm=none', ...trust],
  },
  {
    name: 'mutual TLS',
    to: 'MUTUAL',
    properties: [
      'security.protocol=SSL',
      ...trust,
      `ssl.certificate.location=${join(directory, 'client.pem')}`,
      `ssl.key.location=${join(directory, 'client.key')}`,
    ],
  },
  ...['pkcs12', 'jks'].map(
    (type): Attempt => ({
      name: `mutual TLS by Java's stores of type ${type}`,
      to: 'MUTUAL',
      properties: [
        ...['security.protocol=SSL', ...store('truststore', type), ...store('keystore', type)],
      ],
    }),
  ),
  {
    name: 'SASL over TLS',
    to: 'SASLTLS',
    properties: ['security.protocol=SASL_SSL', 'sasl.mechanism=SCRAM-SHA-512', ...alice, ...trust],
  },
  {
    name: 'wrong password',
    to: 'SASL',
    properties: sasl('PLAIN', 'sasl.username=alice', 'sasl.password=wrong'),
    fails: ['sasl', /sasl\.password/],
  },
  {
    name: 'wrong SCRAM password',
    to: 'SASL',
    properties: sasl('SCRAM-SHA-256', 'sasl.username=alice', 'sasl.password=wrong'),
    fails: ['sasl', /sasl\.password/],
  },
  {
    name: 'mechanism not offered',
    to: 'SASLTLS',
    properties: ['security.protocol=SASL_SSL', 'sasl.mechanism=PLAIN', ...alice, ...trust],
    fails: ['sasl', /sasl\.mechanism/],
  },
  {
    name: 'no SASL at a SASL port',
    to: 'SASL',
    properties: [],
    fails: ['metadata', /SASL_PLAINTEXT/],
  },
  {
    name: 'no TLS at a TLS port',
    to: 'TLS',
    properties: [],
    fails: ['kafka', /security\.protocol=SSL/],
  },
  {
    name: 'TLS at a plain port',
    to: 'PLAINTEXT',
    properties: ['security.protocol=SSL'],
    fails: ['tls', /does not speak TLS/],
  },
  {
    name: 'unknown authority',
    to: 'TLS',
    properties: ['security.protocol=SSL'],
    fails: ['tls', /ssl\.ca\.location/],
  },
  {
    name: 'no certificate of ours',
    to: 'MUTUAL',
    properties: ['security.protocol=SSL', ...trust],
    fails: ['kafka', /ssl\.keystore\.location/],
  },
  {
    name: 'another name',
    to: 'TLS',
    host: '127.0.0.1',
    properties: ['security.protocol=SSL', ...trust],
    fails: ['tls', /ssl\.endpoint\.identification\.algorithm/],
  },
]

function ottla(args: readonly string[], input = '') {
  return spawnSync(process.execPath, [bundle, ...args], {
    input,
    encoding: 'utf8',
    timeout: 120_000,
  })
}

beforeAll(async () => {
  certificates()
  for (const name of names) ports.set(name, await freePort(2))
  const env = { ...process.env, KAFKA_HEAP: '512m' }
  execFileSync(realKafka, brokerArguments(), { stdio: 'pipe', env, timeout: 120_000 })
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    const user = ['users', 'set-scram', 'alice', '--mechanism', mechanism, '--password-file', '-']
    ottla([...user, '-b', `localhost:${portOf('PLAINTEXT')}`], 'secret-1\n')
  }
})
afterAll(() => {
  execFileSync(realKafka, ['stop', join(directory, 'kafka')], { stdio: 'pipe' })
  rmSync(directory, { recursive: true, force: true })
})

for (const [index, attempt] of attempts.entries()) {
  const { name, to, host = 'localhost', properties, fails } = attempt
  const common = () => [
    ...['-b', `${host}:${portOf(to)}`],
    ...properties.flatMap((property) => ['-X', property]),
  ]
  const check = () => {
    const { stdout, status } = ottla(['connect-check', ...common(), '--format', 'json'])
    const { steps } = JSON.parse(stdout) as { steps: Step[] }
    const failed = steps.find((step) => !step.ok)
    return { status, step: failed?.step, advice: failed?.advice, detail: failed?.detail }
  }
  if (fails !== undefined)
    test(`connect-check names what is wrong: ${name}`, () => {
      const [step, words] = fails
      expect(check()).toMatchObject({ status: 1, step, advice: expect.stringMatching(words) })
    })
  else
    test(`${name} writes and reads back`, () => {
      expect(check()).toEqual({ status: 0 })
      const topic = `security-${index}`
      const sent = ottla(['produce', topic, ...common()], `${name}\n`)
      const read = ottla(['consume', topic, '--from-beginning', '--exit', ...common()])
      expect([sent.status, read.status, read.stdout]).toEqual([0, 0, `${name}\n`])
    })
}

test('a store whose password is wrong is told in one line', () => {
  const properties = ['security.protocol=SSL', ...store('truststore', 'pkcs12', 'wrong')]
  const { status, stderr } = ottla([
    ...['topics', 'list', '-b', `localhost:${portOf('TLS')}`],
    ...properties.flatMap((property) => ['-X', property]),
  ])
  const path = join(directory, 'trust.pkcs12')
  expect([status, stderr]).toEqual([
    1,
    `ottla: ${path} cannot be read: ssl.truststore.password is wrong, or the file is damaged\n`,
  ])
})
