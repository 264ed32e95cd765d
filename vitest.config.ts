import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      // Pure packages: no database, no server; one process for speed.
      { test: { name: 'packages', include: ['packages/*/src/**/*.test.ts'], isolate: false, testTimeout: 30_000 } },
    ],
  },
});
