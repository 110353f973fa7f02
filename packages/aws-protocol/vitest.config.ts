import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Real clients over real sockets on two cores: side by side they only slow each other down.
    fileParallelism: false,
  },
});
