import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadCached } from '../../src/cli/code-cache.ts'

const dir = mkdtempSync(join(tmpdir(), 'ottla-code-cache-'))
afterAll(() => rmSync(dir, { recursive: true }))

const inFunction = (code: string) =>
  `(function(exports,require,module,__filename,__dirname){${code}\n})`

test('a file runs from the code that an earlier run has left, and without it', () => {
  const [file, cache] = [join(dir, 'a.cjs'), join(dir, 'a.cache')]
  const code = "exports.add = (a, b) => a + b; exports.path = require('node:path').sep"
  writeFileSync(file, inFunction(code))
  const first = loadCached(file, cache)
  const sum = first.exports.add(1, 2)
  first.save()
  const second = loadCached(file, cache)
  expect([first.cached, sum, second.cached, second.exports.add(3, 4), second.exports.path]).toEqual(
    [false, 3, true, 7, first.exports.path],
  )
})

test('code that is damaged or of another source is left alone, and so is a place that is not there', () => {
  const [file, cache] = [join(dir, 'b.cjs'), join(dir, 'b.cache')]
  writeFileSync(file, inFunction('exports.answer = () => 42'))
  const before = loadCached(file, cache)
  before.save()
  writeFileSync(file, inFunction('exports.answer = () => 4711'))
  const changed = loadCached(file, cache)
  writeFileSync(cache, readFileSync(cache).subarray(0, 100))
  writeFileSync(file, inFunction('exports.answer = () => 47_110'))
  const damaged = loadCached(file, cache)
  loadCached(file, join(dir, 'no', 'such', 'directory')).save()
  const all = [before, changed, damaged]
  expect(all.map(({ cached, exports }) => [cached, exports.answer()])).toEqual([
    [false, 42],
    [false, 4711],
    [false, 47110],
  ])
})
