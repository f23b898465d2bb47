import { expect, test } from 'vitest'
import { nodeLogger } from '../../src/env/node-log.ts'

test('a line has time, level, message and fields, and nothing in it acts on a terminal', () => {
  const lines: string[] = []
  const log = nodeLogger({ write: (line) => lines.push(line) })
  log.debug('not at this level')
  log.info('Started', { port: 9092, host: '127.0.0.1', topics: ['a'], none: undefined })
  log.warn('Client \x1b[2J\nfaked', { clientId: 'a b\n', cause: new Error('it "broke"') })
  expect(lines.map((line) => line.replace(/^\S+Z /, ''))).toEqual([
    'INFO  Started port=9092 host=127.0.0.1 topics=["a"]\n',
    'WARN  Client \\u001b[2J\\nfaked clientId="a b\\n" cause="it \\"broke\\""\n',
  ])
})

test('JSON lines carry the fields as they are', () => {
  const lines: string[] = []
  nodeLogger({ format: 'json', write: (line) => lines.push(line) }).error('Failed', { code: 'EIO' })
  expect(JSON.parse(lines.join(''))).toMatchObject({ level: 50, msg: 'Failed', code: 'EIO' })
})
