import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

/** What a process of its own prints: flags of V8 are those of a whole process. */
const printed = (code: string) =>
  execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    encoding: 'utf8',
  }).trim()

test('code that is compiled once the heap is bounded no more is good for the next process', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-heap-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = JSON.stringify(join(directory, 'cache'))
  const start = `
    import { readFileSync, writeFileSync } from 'node:fs'
    import { Script } from 'node:vm'
    const source = 'function one() { return 1 } one()'
  `
  const save = `writeFileSync(${path}, new Script(source).createCachedData())`
  // So much is held that memory is spared.
  const bound = `
    globalThis.held = new Array(6_000_000).fill(0)
    const { boundHeap } = await import('./src/cli/heap.ts')
    const bounded = boundHeap({ after: () => ({ cancel() {} }) })
  `
  const isRejected = () =>
    printed(`${start}
      console.log(new Script(source, { cachedData: readFileSync(${path}) }).cachedDataRejected)`)

  printed(`${start} ${bound} ${save}`)
  expect(isRejected()).toBe('true')
  printed(`${start} ${bound} bounded.cancel(); ${save}`)
  expect(isRejected()).toBe('false')
}, 60_000)
