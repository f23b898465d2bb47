import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real clients and real processes need programs that a user may not have: .ci/run runs those.
    exclude: ['test/clients/**', 'test/faults/**'],
    setupFiles: ['test/property-seed.ts'],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
})
