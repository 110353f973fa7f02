import { defineConfig } from 'vitest/config';

// Threads without isolation: 20 times faster here than vitest's default. Test files of one thread share a process, so they change nothing
// that is global.
export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['packages/server/src/kernel/**/*.ts', 'packages/server/src/services/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reportsDirectory: 'coverage',
    },
    projects: [
      {
        test: {
          name: 'platform',
          include: ['packages/**/*.test.ts', 'tests/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            '**/.cache/**',
            '**/dist/**',
            'packages/aws-protocol/**',
            'tests/long/**',
            'tests/attacks/**',
          ],
          globalSetup: ['packages/testkit/src/vitest-global-setup.ts'],
          pool: 'threads',
          isolate: false,
          // Tests of processes, engines and browsers wait for most of their time: one at a time, a third of two cores was used.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 20_000,
          hookTimeout: 30_000,
          teardownTimeout: 20_000,
        },
      },
      'packages/aws-protocol/vitest.config.ts',
      {
        // After all others: what an attack does to a neighbour is measured, and others' tests would suffer from it.
        test: {
          name: 'attacks',
          include: ['tests/attacks/**/*.test.ts'],
          pool: 'threads',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
          teardownTimeout: 60_000,
        },
      },
    ],
  },
});
