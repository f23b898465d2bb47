import { defineConfig } from 'vitest/config'

/** Real clients against a running broker: `npm run test:clients`; test/clients/README.md. */
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 1,
    fileParallelism: false,
    // Of tests that say they may: each has processes of its own, and there are two cores.
    maxConcurrency: 3,
    disableConsoleIntercept: true,
  },
})
