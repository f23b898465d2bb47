import { expect, test } from 'vitest'
import { environmentConfigs } from '../../../src/broker/config/environment.ts'
import { parseProperties } from '../../../src/broker/config/properties.ts'

test('a properties file is read as Java reads it', () => {
  const text = [
    '# comment',
    '  ! comment',
    '',
    'a=1',
    'b : 2',
    'c 3',
    'd',
    'e==5',
    'f\\=g = h\\ti',
    'long = one,\\',
    '    two,\\',
    '\tthree',
    'unicode=\\u00e9\\u20AC',
    'backslash=C:\\\\dir\\\\',
    'path = /a b/c  ',
    'a=last',
    'key\\ with\\ blank=x',
    'odd=\\q',
    'tail=x\\',
  ].join('\n')
  expect([...parseProperties(text)]).toEqual([
    ['a', 'last'],
    ['b', '2'],
    ['c', '3'],
    ['d', ''],
    ['e', '=5'],
    ['f=g', 'h\ti'],
    ['long', 'one,two,three'],
    ['unicode', 'é€'],
    ['backslash', 'C:\\dir\\'],
    ['path', '/a b/c  '],
    ['key with blank', 'x'],
    ['odd', 'q'],
    ['tail', 'x'],
  ])
})

test('a line that is a backslash alone has not begun, so that a comment may follow', () => {
  expect([...parseProperties('\\\n# a=1\nb=2')]).toEqual([['b', '2']])
})

test('line ends of Windows and old Macs end a line', () => {
  expect([...parseProperties('a=1\r\nb=2\rc=3\\\r\n  4')]).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '34'],
  ])
})

test("variables of the environment are read as Kafka's image reads them", () => {
  const found = environmentConfigs({
    KAFKA_NODE_ID: '3',
    KAFKA_CFG_NUM_PARTITIONS: '7',
    KAFKA_LOG_RETENTION_MS: '5',
    KAFKA_HEAP_OPTS: '-Xmx1g',
    KAFKA_A__B___C: 'x',
    CLUSTER_ID: 'abc',
    PATH: '/bin',
    KAFKA_UNSET: undefined,
  })
  expect(found.map(({ name, value }) => [name, value])).toEqual([
    ['node.id', '3'],
    ['num.partitions', '7'],
    ['log.retention.ms', '5'],
    ['a_b-c', 'x'],
    ['cluster.id', 'abc'],
  ])
})

test('with advertised addresses alone it listens on every interface at their ports', () => {
  const found = environmentConfigs({
    KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://h:9092,EXT://[::1]:9094',
  })
  expect(found.at(-1)).toEqual({
    name: 'listeners',
    value: 'PLAINTEXT://0.0.0.0:9092,EXT://0.0.0.0:9094',
    variable: 'KAFKA_ADVERTISED_LISTENERS',
  })
})
