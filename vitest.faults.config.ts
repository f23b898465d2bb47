import { defineConfig } from 'vitest/config'

/** Real processes that are killed and stopped under load: `npm run test:faults`. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    // Known wrong: under load kill.test.ts sometimes waits for ever. Until that is found it runs on
    // demand: CLUSTER_FAULTS=1 npm run test:faults
    exclude: process.env['CLUSTER_FAULTS'] === '1' ? [] : ['test/faults/kill.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
