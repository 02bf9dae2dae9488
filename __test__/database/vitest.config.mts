import { defineConfig } from 'vitest/config';

// Apart from the other tests: it needs poolers, and servers that are set up together.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['__test__/database/**/*.{e2e,spec}.ts'],
    globalSetup: ['__test__/helpers/server.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
