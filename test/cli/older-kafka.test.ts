/** The command line against the version ranges of older releases: it asks for nothing they do not know. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Ranges, startOlderBroker } from '../client/older-broker.ts'
import { administer } from './administer.ts'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000 })

let cli: Bundled
beforeAll(async () => {
  cli = await bundleCli()
})
afterAll(() => cli?.remove())

/** As each release's protocol guide has them: highest versions by API key. */
// biome-ignore format: rows of ten keys
const kafka21: Ranges = {
  0: 7, 1: 10, 2: 4, 3: 7, 8: 6, 9: 5,
  10: 2, 11: 3, 12: 2, 13: 2, 14: 2, 15: 2, 16: 2, 17: 1, 18: 2, 19: 3,
  20: 3, 21: 1, 22: 1, 23: 2, 24: 1, 25: 1, 26: 1, 27: 0, 28: 2, 29: 1,
  30: 1, 31: 1, 32: 2, 33: 1, 34: 1, 35: 1, 36: 0, 37: 1, 42: 1,
}
// biome-ignore format: rows of ten keys
const kafka30: Ranges = {
  0: 9, 1: 12, 2: 7, 3: 11, 8: 8, 9: 8,
  10: 4, 11: 7, 12: 4, 13: 4, 14: 5, 15: 5, 16: 4, 17: 1, 18: 3, 19: 7,
  20: 6, 21: 2, 22: 4, 23: 4, 24: 3, 25: 3, 26: 3, 27: 1, 28: 3, 29: 2,
  30: 2, 31: 2, 32: 4, 33: 2, 34: 2, 35: 2, 36: 2, 37: 3, 42: 2, 43: 2,
  44: 1, 45: 0, 46: 0, 47: 0, 48: 1, 49: 1, 50: 0, 51: 0, 57: 0, 60: 0,
  61: 0, 65: 0, 66: 0,
}
// biome-ignore format: rows of ten keys
const kafka39: Ranges = {
  ...kafka30,
  0: 11, 1: 17, 2: 9, 3: 12, 8: 9, 9: 9,
  10: 6, 11: 9, 12: 4, 13: 5, 14: 5, 15: 5, 16: 5, 18: 4,
  22: 5, 24: 5, 25: 4, 26: 4, 28: 4, 29: 3,
  30: 3, 31: 3, 35: 4, 42: 2, 55: 2, 57: 1, 60: 1, 66: 1, 68: 0, 69: 0, 74: 0, 75: 0,
}

for (const [release, ranges] of [
  ['2.1', kafka21],
  ['3.0', kafka30],
  ['3.9', kafka39],
] as const)
  test(`Kafka ${release} is administered, written to and read from`, async () => {
    const broker = await startOlderBroker(ranges)
    const run = async (line: string, input = '') => {
      const args = line.split(' ')
      const { exit, stdout, stderr } = await cli.run([...args, '-b', `127.0.0.1:${broker.port}`], {
        input,
      })
      if (exit !== 0) throw new Error(`ottla ${line} ended with ${exit}: ${stderr}`)
      return stdout
    }
    await administer(run, release === '2.1' ? 'gzip' : 'zstd')
    await broker.stop()
    expect(broker.refused).toEqual([])
  })
