import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

/** What a process of its own prints: flags of V8 are those of a whole process. */
const printed = (code: string) =>
  execFileSync(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', code],
    {
      encoding: 'utf8',
    },
  ).trim()

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
    const bounded = boundHeap({
      clock: { monotonicMs: () => 0 },
      timers: { after: () => ({ cancel() {} }) },
    })
  `
  const isRejected = () =>
    printed(`${start}
      console.log(new Script(source, { cachedData: readFileSync(${path}) }).cachedDataRejected)`)

  printed(`${start} ${bound} ${save}`)
  expect(isRejected()).toBe('true')
  printed(`${start} ${bound} bounded.cancel(); ${save}`)
  expect(isRejected()).toBe('false')
}, 60_000)

test('a heap whose collections take long may grow, when that was so three times in a row', () => {
  // Time as the heap sees it: collections have taken all of it, and nothing of it is waited for.
  const flags = printed(`
    import v8 from 'node:v8'
    const set = v8.setFlagsFromString
    const factors = []
    v8.setFlagsFromString = (flag) => {
      if (flag.startsWith('--heap-growing-percent')) factors.push(flag.split('=')[1])
      set(flag)
    }
    const { syncBuiltinESMExports } = await import('node:module')
    syncBuiltinESMExports()
    const { boundHeap } = await import('./src/cli/heap.ts')
    let run
    let nowMs = 0
    const bounded = boundHeap({
      clock: { monotonicMs: () => nowMs },
      timers: { after: (_, next) => { run = next; return { cancel() {} } } },
    })
    for (let look = 0; look < 3; look++) {
      // It is told of a collection in the turn after the next; the last one is looked at before.
      global.gc()
      await new Promise(setImmediate)
      nowMs += 1
      run()
      console.log(factors.at(-1))
      run()
    }
    console.log(factors.at(-1))
    bounded.cancel()
  `)
  expect(flags.split('\n')).toEqual(['25', '25', '25', '0'])
}, 60_000)
