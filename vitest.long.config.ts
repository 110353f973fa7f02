import { defineConfig } from 'vitest/config';

/** `npm run test:long`: what takes minutes, and is no part of CI. One file after the other: each wants the machine to itself. */
export default defineConfig({
  test: {
    include: ['tests/long/**/*.test.ts'],
    globalSetup: ['packages/testkit/src/vitest-global-setup.ts'],
    fileParallelism: false,
    // Each result when it is there: a run is long.
    reporters: ['verbose'],
    testTimeout: 20 * 60_000,
    hookTimeout: 20 * 60_000,
    teardownTimeout: 60_000,
  },
});
