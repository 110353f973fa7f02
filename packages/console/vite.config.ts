import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import type { DescribedOperation } from '../server/src/kernel/describe.ts';

const API = join(import.meta.dirname, '..', '..', 'api');
/** What only forms, tables and code need. */
const LAZY = new Set(['input', 'output', 'cli', 'errors']);
const read = (name: string) => JSON.parse(readFileSync(join(API, name), 'utf8')) as unknown;

/**
 * What the console knows of the API, as modules. `virtual:operations` is what a call needs, and part of the first load; `virtual:schemas` has
 * the inputs and outputs, which only forms and tables need; `virtual:console` is api/console.json.
 */
function registry(): Plugin {
  const operations = () => read('operations.json') as readonly DescribedOperation[];
  const modules: Readonly<Record<string, () => unknown>> = {
    'virtual:operations': () =>
      operations().map((operation) =>
        Object.fromEntries(Object.entries(operation).filter(([member]) => !LAZY.has(member))),
      ),
    'virtual:schemas': () =>
      Object.fromEntries(operations().map(({ name, input, output, cli }) => [name, { input, output, cli }])),
    'virtual:console': () => read('console.json'),
  };
  return {
    name: 'registry',
    resolveId: (id) => (id in modules ? `\0${id}` : undefined),
    load(id) {
      const make = id.startsWith('\0') ? modules[id.slice(1)] : undefined;
      return make ? `export default JSON.parse(${JSON.stringify(JSON.stringify(make()))})` : undefined;
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [registry(), react(), tailwind()],
  build: {
    outDir: join(import.meta.dirname, '..', '..', '.cache', 'console', 'dev'),
    emptyOutDir: true,
    target: 'es2023',
    // A data: URL would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    // Of the 1,700 icons in one module, those that are used: a third of the time.
    rolldownOptions: { experimental: { lazyBarrel: true } },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    port: 5173,
    proxy: {
      // `npm start` beside `npx vite packages/console`: pages from here, the API from there.
      '^/(?!console)': { target: process.env.CLOUD_ENDPOINT ?? 'http://127.0.0.1:8080', ws: true },
    },
  },
});
