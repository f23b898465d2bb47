import { defineConfig } from 'vitest/config'
import { networkMissing } from './test/cluster/network.ts'

const missing = networkMissing()
if (missing !== undefined) console.log(`Not run: test/faults/network.test.ts, as ${missing}`)

/** Real processes that are hurt under load: `npm run test:faults`. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    exclude: missing === undefined ? [] : ['test/faults/network.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
