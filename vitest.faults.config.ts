import { defineConfig } from 'vitest/config'
import { networkMissing } from './test/cluster/network.ts'
import { straceMissing } from './test/cluster/strace.ts'

const needs = [
  ['test/faults/network.test.ts', networkMissing()],
  ['test/faults/failing-disk.test.ts', await straceMissing()],
] as const
const leftOut = needs.filter(([, missing]) => missing !== undefined)
for (const [file, missing] of leftOut) console.log(`Not run: ${file}, as ${missing}`)

/** Real processes that are hurt under load: `npm run test:faults`. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    exclude: leftOut.map(([file]) => file),
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 1,
    fileParallelism: false,
  },
})
