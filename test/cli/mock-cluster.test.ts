/** kcat -M: brokers that live as long as standard input. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000 })

let cli: Bundled
beforeAll(async () => {
  cli = await bundleCli()
})
afterAll(() => cli?.remove())

test('-M tells the addresses of a cluster that takes records, and ends with its input', async () => {
  let used: Promise<string> | undefined
  const useIt = async (brokers: string) => {
    await cli.run(['-P', '-b', brokers, '-t', 'x', '-q'], { input: 'one\n' })
    const { stdout } = await cli.run(['-C', '-e', '-q', '-b', brokers, '-t', 'x'])
    return stdout
  }
  const { exit, stdout } = await cli.run(['-M', '2', '-q'], {
    keepInput: true,
    onOutput: (child, text) => {
      const [, brokers] = /^BROKERS=(\S+)\n/.exec(text) ?? []
      if (brokers === undefined || used !== undefined) return
      used = useIt(brokers).finally(() => child.stdin?.end())
    },
  })
  expect(stdout).toMatch(/^BROKERS=127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\n$/)
  expect([exit, await used]).toEqual([0, 'one\n'])
})
