import { expect, test } from 'vitest'
import { chooseSide } from '../../src/cli/dispatch.ts'
import { getopt } from '../../src/cli/kcat/getopt.ts'
import { parseKcatOptions, UsageError } from '../../src/cli/kcat/options.ts'

const parse = (line: string) => parseKcatOptions(line.split(' '))

test('options are read as getopt reads them', () => {
  const parsed = getopt(
    ['-qCb', 'h', '-tfoo', 'word', '-c1', '-f%s\\n', '-o', '-2000', '--', '-x'],
    'qCb:t:c:f:o:',
    new Map(),
    new Map(),
  )
  expect(parsed).toEqual({
    options: [
      ['q', ''],
      ['C', ''],
      ['b', 'h'],
      ['t', 'foo'],
      ['c', '1'],
      ['f', '%s\\n'],
      ['o', '-2000'],
    ],
    words: ['word', '-x'],
    wrong: undefined,
  })
})

test('an unknown option and a missing value are usage errors', () => {
  expect(() => parse('-Y')).toThrow(UsageError)
  expect(() => parse('-C -b')).toThrow(UsageError)
  expect(() => parse('--no-such')).toThrow(UsageError)
})

test('long names mean the letters', () => {
  const { mode, topic, brokers, countMax, exitAtEnd } = parse(
    '--consumer --topic=t --brokers h:1 --count 3 --exit',
  )
  expect({ mode, topic, brokers, countMax, exitAtEnd }).toEqual({
    mode: 'C',
    topic: 't',
    brokers: 'h:1',
    countMax: 3,
    exitAtEnd: true,
  })
})

test('offsets are absolute, relative to the end, or times', () => {
  expect(
    ['5', '-5', 'end', 'stored', 's@1700000000000'].map((text) => parse(`-o ${text}`).start),
  ).toEqual([
    { kind: 'offset', offset: 5 },
    { kind: 'tail', count: 5 },
    { kind: 'end' },
    { kind: 'stored' },
    { kind: 'time', timeMs: 1_700_000_000_000 },
  ])
  expect(parse('-o s@1 -o e@2').stopTimeMs).toBe(2)
})

test('-Q may stand behind -t', () => {
  const query = [{ topic: 'a', partition: 1, timestampMs: -2 }]
  expect([parse('-Q -t a:1:-2').queries, parse('-t a:1:-2 -Q').queries]).toEqual([query, query])
})

test('a header has a value, an empty one, or none', () => {
  expect(parse('-H a=1 -H b= -H c').headers).toEqual([
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: Buffer.alloc(0) },
    { key: 'c', value: null },
  ])
  expect(() => parse('-H =x')).toThrow('Expected -H "name=value.." or -H "name"')
})

test('modes cannot be mixed', () => {
  expect(() => parse('-C -P')).toThrow('Do not mix modes: -P seen when -C already set')
})

test('the first word decides between kcat and the tree', () => {
  const side = (line: string, name = 'ottla.js') => {
    const { kcat, args } = chooseSide(name, line.split(' '))
    return `${kcat ? 'kcat' : 'tree'}: ${args.join(' ')}`
  }
  expect([
    side('-C -t x'),
    side('-b h -t topics'),
    side('-b h topics list'),
    side('--format json topics list'),
    side('kcat -h'),
    side('--help'),
    side('--consumer -t x'),
    side('topics list'),
    side('topics list', 'kcat'),
  ]).toEqual([
    'kcat: -C -t x',
    'kcat: -b h -t topics',
    'tree: -b h topics list',
    'tree: --format json topics list',
    'kcat: -h',
    'tree: --help',
    'kcat: --consumer -t x',
    'tree: topics list',
    'kcat: topics list',
  ])
})
