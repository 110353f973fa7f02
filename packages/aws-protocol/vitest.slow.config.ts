import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test-slow/**/*.slow.ts'], pool: 'threads', isolate: false } });
