/**
 * TLS and SASL of the client against a real Kafka that has a listener for each: every mechanism
 * reads back what it wrote, and every wrong setting is named by `connect-check`.
 *
 *     npm run build && npx tsx test/clients/security-check.ts
 *
 * Needs openssl, and Kafka by REAL_KAFKA (default ../shared/real-kafka/kafka beside the repository).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const kafka = process.env['REAL_KAFKA'] ?? join(root, '../shared/real-kafka/kafka')
const bundle = join(root, 'dist/ottla.js')
const directory = mkdtempSync(join(tmpdir(), 'ottla-security-'))
const base = Number(process.env['SECURITY_PORT'] ?? 19592)
const ports = { plain: base, sasl: base + 2, ssl: base + 3, saslSsl: base + 4, mutual: base + 5 }

function certificates(): void {
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  const make = (name: string, ...extra: string[]) => {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    )
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      ...extra,
    )
  }
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
  )
  writeFileSync(join(directory, 'names.cnf'), 'subjectAltName=DNS:localhost\n')
  make('localhost', '-extfile', 'names.cnf')
  make('client')
  const text = (name: string) => readFileSync(join(directory, name), 'utf8')
  writeFileSync(join(directory, 'server.pem'), text('localhost.key') + text('localhost.pem'))
}

const login = 'org.apache.kafka.common.security'
const jaas = (mechanism: string, text: string) =>
  `listener.name.sasl.${mechanism}.sasl.jaas.config=${text}`

function brokerArguments(): string[] {
  const names = ['PLAINTEXT', 'SASL', 'TLS', 'SASLTLS', 'MUTUAL']
  const listeners = names
    .map((name, i) => `${name}://localhost:${Object.values(ports)[i]}`)
    .join(',')
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
    String(ports.plain),
    `listeners=${listeners},CONTROLLER://localhost:${base + 1}`,
    `controller.quorum.voters=1@localhost:${base + 1}`,
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

interface Attempt {
  readonly name: string
  readonly port: number
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
const attempts: readonly Attempt[] = [
  { name: 'plaintext', port: ports.plain, properties: [] },
  { name: 'PLAIN', port: ports.sasl, properties: sasl('PLAIN', ...alice) },
  {
    name: 'PLAIN by JAAS',
    port: ports.sasl,
    properties: sasl(
      'PLAIN',
      `sasl.jaas.config=${login}.plain.PlainLoginModule required username="alice" password="secret-1";`,
    ),
  },
  { name: 'SCRAM-SHA-256', port: ports.sasl, properties: sasl('SCRAM-SHA-256', ...alice) },
  { name: 'SCRAM-SHA-512', port: ports.sasl, properties: sasl('SCRAM-SHA-512', ...alice) },
  {
    name: 'OAUTHBEARER',
    port: ports.sasl,
    properties: sasl('OAUTHBEARER', 'sasl.oauthbearer.config=principal=alice'),
  },
  {
    name: 'OAUTHBEARER by command',
    port: ports.sasl,
    properties: sasl(
      'OAUTHBEARER',
      `sasl.oauthbearer.token.command=node -e "const p=(v)=>Buffer.from(JSON.stringify(v)).toString('base64url'),n=Math.floor(Date.now()/1000);console.log(p({alg:'none'})+'.'+p({sub:'alice',iat:n,exp:n+600})+'.')"`,
    ),
  },
  { name: 'TLS', port: ports.ssl, properties: ['security.protocol=SSL', ...trust] },
  {
    name: 'TLS by Java names',
    port: ports.ssl,
    properties: [
      'security.protocol=SSL',
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${join(directory, 'ca.pem')}`,
    ],
  },
  {
    name: 'TLS for another name',
    port: ports.ssl,
    host: '127.0.0.1',
    properties: ['security.protocol=SSL', 'ssl.endpoint.identification.algorithm=none', ...trust],
  },
  {
    name: 'mutual TLS',
    port: ports.mutual,
    properties: [
      'security.protocol=SSL',
      ...trust,
      `ssl.certificate.location=${join(directory, 'client.pem')}`,
      `ssl.key.location=${join(directory, 'client.key')}`,
    ],
  },
  {
    name: 'SASL over TLS',
    port: ports.saslSsl,
    properties: ['security.protocol=SASL_SSL', 'sasl.mechanism=SCRAM-SHA-512', ...alice, ...trust],
  },
  {
    name: 'wrong password',
    port: ports.sasl,
    properties: sasl('PLAIN', 'sasl.username=alice', 'sasl.password=wrong'),
    fails: ['sasl', /sasl\.password/],
  },
  {
    name: 'wrong SCRAM password',
    port: ports.sasl,
    properties: sasl('SCRAM-SHA-256', 'sasl.username=alice', 'sasl.password=wrong'),
    fails: ['sasl', /sasl\.password/],
  },
  {
    name: 'mechanism not offered',
    port: ports.saslSsl,
    properties: ['security.protocol=SASL_SSL', 'sasl.mechanism=PLAIN', ...alice, ...trust],
    fails: ['sasl', /sasl\.mechanism/],
  },
  {
    name: 'no SASL at a SASL port',
    port: ports.sasl,
    properties: [],
    fails: ['metadata', /SASL_PLAINTEXT/],
  },
  {
    name: 'no TLS at a TLS port',
    port: ports.ssl,
    properties: [],
    fails: ['kafka', /security\.protocol=SSL/],
  },
  {
    name: 'TLS at a plain port',
    port: ports.plain,
    properties: ['security.protocol=SSL'],
    fails: ['tls', /does not speak TLS/],
  },
  {
    name: 'unknown authority',
    port: ports.ssl,
    properties: ['security.protocol=SSL'],
    fails: ['tls', /ssl\.ca\.location/],
  },
  {
    name: 'another name',
    port: ports.ssl,
    host: '127.0.0.1',
    properties: ['security.protocol=SSL', ...trust],
    fails: ['tls', /ssl\.endpoint\.identification\.algorithm/],
  },
]

function ottla(args: readonly string[], input = '') {
  return spawnSync(process.execPath, [bundle, ...args], {
    input,
    encoding: 'utf8',
    timeout: 40_000,
  })
}

function judge(
  { name, port, host = 'localhost', properties, fails }: Attempt,
  index: number,
): string | undefined {
  const common = ['-b', `${host}:${port}`, ...properties.flatMap((property) => ['-X', property])]
  const check = ottla(['connect-check', ...common, '--format', 'json'])
  let report: {
    ok: boolean
    steps: { step: string; ok: boolean; detail: string; advice?: string }[]
  }
  try {
    report = JSON.parse(check.stdout)
  } catch {
    return `connect-check said: ${check.stdout}${check.stderr}`
  }
  const failed = report.steps.find((step) => !step.ok)
  if (fails !== undefined) {
    const [step, words] = fails
    const right = failed?.step === step && words.test(failed.advice ?? '') && check.status === 1
    return right ? undefined : `expected ${step} to fail with ${words}: ${JSON.stringify(failed)}`
  }
  if (failed) return `${failed.step}: ${failed.detail} (${failed.advice})`
  const topic = `security-${index}`
  const sent = ottla(['produce', topic, ...common], `${name}\n`)
  const read = ottla(['consume', topic, '--from-beginning', '--exit', ...common])
  return read.stdout === `${name}\n`
    ? undefined
    : `read ${JSON.stringify(read.stdout)}: ${sent.stderr}${read.stderr}`
}

certificates()
execFileSync(kafka, brokerArguments(), {
  stdio: 'inherit',
  env: { ...process.env, KAFKA_HEAP: '512m' },
})
let failures = 0
try {
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
    ottla(
      [
        'users',
        'set-scram',
        'alice',
        '--mechanism',
        mechanism,
        '--password-file',
        '-',
        '-b',
        `localhost:${ports.plain}`,
      ],
      'secret-1\n',
    )
  for (const [index, attempt] of attempts.entries()) {
    const problem = judge(attempt, index)
    if (problem) failures++
    console.log(`${problem ? 'FAILED' : 'ok    '}  ${attempt.name}${problem ? `: ${problem}` : ''}`)
  }
} finally {
  execFileSync(kafka, ['stop', join(directory, 'kafka')], { stdio: 'pipe' })
  rmSync(directory, { recursive: true, force: true })
}
console.log(`${attempts.length - failures} of ${attempts.length} as expected`)
process.exitCode = failures > 0 ? 1 : 0
