import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tools/test-order.ts';

const postgres = './apps/server/src/kernel/postgres/testing.ts';

// Files run as they do outside tests: Node strips their types and keeps what it compiled. Nothing here is mocked.
const native = {
  experimental: { viteModuleRunner: false, nodeLoader: false },
  setupFiles: ['./tools/keep-compiled.ts'],
};

// Walks of minutes, only for who asks: without that a worker each would load the whole server to skip them.
const longWalks = {
  SHUGU_CRASH_ROUNDS: ['append', 'imports', 'push'],
  SHUGU_CRASH_DATASPACE_ROUNDS: ['dataspace'],
};
const notAsked = Object.entries(longWalks).flatMap(([setting, names]) =>
  process.env[setting] ? [] : names.map((name) => `apps/server/test/crash/${name}.test.ts`),
);

// The server's rooms, each test file on a database of its own.
const rooms = {
  globalSetup: [postgres],
  ...native,
  // Files share a worker, in a third less time.
  isolate: false,
  // Limits for what hangs, not for what is slow: a busy machine takes several times as long.
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    // One more than the two cores that a small machine has: a test waits for its server's process or database a sixth of its time.
    maxWorkers: 3,
    // Most of what a worker makes is gone at once: where there is room for it, it is not copied first.
    execArgv: ['--max-semi-space-size=64'],
    sequence: { sequencer: LongestFirst },
    // The databases of a run are removed at its end, one by one where the server is somebody else's.
    teardownTimeout: 120_000,
    projects: [
      // Pure packages: no database, no server, nothing that one file could leave behind for the next.
      {
        test: {
          name: 'packages',
          include: ['packages/*/src/**/*.test.ts'],
          testTimeout: 120_000,
          isolate: false,
          ...native,
        },
      },
      // The bank simulator: its own process and its own books.
      { test: { name: 'bank', include: ['apps/bank/src/**/*.test.ts'], testTimeout: 60_000, ...native } },
      {
        test: {
          name: 'server',
          include: ['apps/server/**/*.test.ts', 'apps/cli/**/*.test.ts'],
          exclude: ['apps/server/test/crash/**', '**/*.long.test.ts', '**/node_modules/**'],
          ...rooms,
        },
      },
      // Walks of a quarter minute and more whose ground shorter ones cover; `npm test` leaves them to who asks for them, as `.ci/run` does.
      { test: { name: 'long', include: ['apps/{server,cli}/**/*.long.test.ts'], ...rooms } },
      // kill -9 of server, bank and database during trades; likewise for who asks.
      {
        test: {
          name: 'crash',
          include: ['apps/server/test/crash/**/*.test.ts'],
          exclude: [...notAsked, '**/node_modules/**'],
          globalSetup: [postgres],
          ...native,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
