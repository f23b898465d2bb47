import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  clientOptionsOf,
  consumerOptionsOf,
  Properties,
  producerOptionsOf,
} from '../../src/cli/client-config.ts'
import { nearest } from '../../src/cli/nearest.ts'
import { type Dialect, parseProperties } from '../../src/cli/properties-file.ts'
import { parseJaas } from '../../src/cli/sasl-config.ts'
import { gatherSettings, type SettingSources } from '../../src/cli/settings.ts'
import { parseDuration, parseTime } from '../../src/cli/time.ts'

const directory = mkdtempSync(join(tmpdir(), 'ottla-settings-'))
afterAll(() => rmSync(directory, { recursive: true }))
const file = (name: string, text: string) => {
  const path = join(directory, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}
const properties = (values: Record<string, string>) =>
  new Properties(new Map(Object.entries(values)))

test('flags beat -X, -X the environment, the environment the profile, the profile files', () => {
  file('home/.git/HEAD', '')
  file('home/.ottla.conf', 'profile=dev\n[dev]\nacks=1\nlinger.ms=2\nclient.id=from profile\n')
  const path = file(
    'a.conf',
    'acks=0\nlinger.ms=1\nbatch.size=7\nclient.id=from file\nbootstrap.servers=file:1\n',
  )
  const settings = gatherSettings(
    { files: [path], properties: ['acks=all', 'bootstrap.servers=x:1'], bootstrap: 'flag:1' },
    { HOME: join(directory, 'nobody'), OTTLA_LINGER_MS: '3', KAFKA_BOOTSTRAP_SERVERS: 'env:1' },
    join(directory, 'home'),
  )
  expect(
    Object.fromEntries([...settings].map(([name, { value, source }]) => [name, [value, source]])),
  ).toEqual({
    'bootstrap.servers': ['flag:1', '-b'],
    acks: ['all', '-X'],
    'linger.ms': ['3', 'environment'],
    'client.id': ['from profile', 'profile dev'],
    'batch.size': ['7', path],
  })
})

test('KCAT_CONFIG is read when no file is named, else the default file unless there shall be none', () => {
  const path = file('kcat.conf', 'metadata.broker.list=k:1\n')
  file('somebody/.config/kcat.conf', 'metadata.broker.list=home:1\n')
  const other = file('other.conf', 'metadata.broker.list=other:1\n')
  const of = (sources: SettingSources, KCAT_CONFIG?: string) => {
    const environment = { HOME: join(directory, 'somebody'), KCAT_CONFIG }
    return gatherSettings(sources, environment, '/').get('bootstrap.servers')?.value
  }
  expect([
    of({}, path),
    of({ files: ['none'] }, path),
    of({ files: [other] }, path),
    of({ commandConfig: other }, path),
    of({}),
    of({ files: ['none'] }),
    of({ files: ['-'] }),
    of({ commandConfig: file('empty.properties', '') }),
  ]).toEqual(['k:1', 'k:1', 'other:1', 'other:1', 'home:1', undefined, undefined, undefined])
})

test('an unknown property is refused, with the name that was meant', () => {
  const set = (text: string) => () => gatherSettings({ properties: [text] }, {}, '/')
  expect(set('acsk=1')).toThrow('No such configuration property: "acsk", did you mean "acks"?')
  expect(set('topic.acks=1')).not.toThrow()
  expect(set('nonsense')).toThrow('Expected -X property=value, not nonsense')
})

test('property files keep what Java and kcat write', () => {
  const text = '# c\n ! c\n a = b \nurl=http\\://x\\=1\nlong=one \\\n   two'
  const read = (more: string, dialect: Dialect) =>
    parseProperties(text + more, 'f', dialect).map(({ name, properties }) => [name, ...properties])
  const same = [
    ['a', 'b'],
    ['url', 'http://x=1'],
  ]
  expect(read('', 'java')).toEqual([['', ...same, ['long', 'one two']]])
  // For kcat, and in profiles, a backslash at the end belongs to the value: it may be a password's.
  const two = '=not continued\n'
  const apart = ['', ...same, ['long', 'one \\'], ['two', 'not continued']]
  expect(read(two, 'kcat')).toEqual([apart])
  expect(read(`${two}[s]\nk=v=w\\\n`, 'profiles')).toEqual([apart, ['s', ['k', 'v=w\\']]])
  expect(() => parseProperties('ok=1\nnot ok\n', 'f')).toThrow('f:2: expected property=value')
})

test('only a file for the clients of Java goes on behind a backslash', () => {
  const path = file('backslash.conf', 'sasl.password=pass\\\nbootstrap.servers=h:1\n')
  const jaas = file('jaas.conf', 'bootstrap.servers=h:1,\\\n  i:1\n')
  const of = (sources: SettingSources) =>
    [...gatherSettings(sources, {}, '/')].map(([name, { value }]) => `${name}=${value}`)
  const kcat = ['sasl.password=pass\\', 'bootstrap.servers=h:1']
  expect([of({ files: [path] }), of({ commandConfig: jaas })]).toEqual([
    kcat,
    ['bootstrap.servers=h:1,i:1'],
  ])
})

test('names of librdkafka and of Java mean the same', () => {
  const rdkafka = properties({
    'metadata.broker.list': 'h',
    'request.required.acks': '1',
    'compression.codec': 'lz4',
    'queue.buffering.max.ms': '9',
    'message.timeout.ms': '5',
    'auto.offset.reset': 'smallest',
    'fetch.message.max.bytes': '7',
    'partition.assignment.strategy': 'roundrobin',
    'group.id': 'g',
  })
  const java = properties({
    'bootstrap.servers': 'h',
    acks: '1',
    'compression.type': 'lz4',
    'linger.ms': '9',
    'delivery.timeout.ms': '5',
    'auto.offset.reset': 'earliest',
    'max.partition.fetch.bytes': '7',
    'partition.assignment.strategy': 'org.apache.kafka.clients.consumer.RoundRobinAssignor',
    'group.id': 'g',
  })
  const all = (values: Properties) => [
    clientOptionsOf(values),
    producerOptionsOf(values),
    consumerOptionsOf(values),
  ]
  expect(all(java)).toEqual(all(rdkafka))
})

test('a wrong value is said in the words of librdkafka', () => {
  expect(() => producerOptionsOf(properties({ acks: 'some' }))).toThrow(
    'Invalid value "some" for configuration property "acks"',
  )
})

test('SASL comes from properties or from a login line of Java', () => {
  const sasl = (more: Record<string, string>) =>
    clientOptionsOf(
      properties({ 'bootstrap.servers': 'h', 'security.protocol': 'SASL_PLAINTEXT', ...more }),
    ).sasl
  const expected = { mechanism: 'PLAIN', username: 'u', password: 'p"=;' }
  expect(parseJaas('x.PlainLoginModule required username="u" password="p\\"=;";')).toEqual(
    new Map([
      ['username', 'u'],
      ['password', 'p"=;'],
    ]),
  )
  expect([
    sasl({ 'sasl.mechanisms': 'PLAIN', 'sasl.username': 'u', 'sasl.password': 'p"=;' }),
    sasl({
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': 'x required username="u" password="p\\"=;";',
    }),
  ]).toEqual([expected, expected])
  expect(() => sasl({})).toThrow('SASL needs sasl.mechanism')
  expect(() => sasl({ 'sasl.mechanism': 'GSSAPI' })).toThrow('Kerberos')
})

test('times are numbers, ISO, or from now', () => {
  const nowMs = Date.parse('2026-11-22T12:00:00Z')
  expect(
    ['1700000000000', '2026-11-22T10:00:00Z', '-10m', '+1h30m', 'now'].map((text) =>
      parseTime(text, nowMs),
    ),
  ).toEqual([
    1_700_000_000_000,
    Date.parse('2026-11-22T10:00:00Z'),
    nowMs - 600_000,
    nowMs + 5_400_000,
    nowMs,
  ])
  expect(() => parseTime('whenever')).toThrow('"whenever" is not a time')
  expect(['250ms', '1d', '1h5s', 'x'].map(parseDuration)).toEqual([
    250,
    86_400_000,
    3_605_000,
    undefined,
  ])
})

test('the nearest word is found when it is near', () => {
  const words = ['topics', 'groups', 'offsets']
  expect(['topcs', 'gruops', 'offset', 'elephant'].map((word) => nearest(word, words))).toEqual([
    'topics',
    'groups',
    'offsets',
    undefined,
  ])
})
