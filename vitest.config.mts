import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['__test__/**/*.spec.ts'],
    globalSetup: ['__test__/helpers/server.ts'],
    pool: 'forks',
    // Most tests wait, for leases, pauses and time limits, and need no processor for it.
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
