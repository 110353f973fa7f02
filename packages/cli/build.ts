/** Bundles the command into files that need nothing but Node: `node packages/cli/build.ts`, or `buildCli()`. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

const folder = import.meta.dirname;

/** The table of verbs as finished JSON in place of the module that derives it: a quarter of the text, and quicker to parse. */
const finishedTable: Plugin = {
  name: 'finished-table',
  setup(builder) {
    builder.onLoad({ filter: /[\\/]table[\\/]verbs\.ts$/ }, async () => {
      const { VERBS } = await import('./src/table/verbs.ts');
      const text = JSON.stringify(JSON.stringify(VERBS));
      return { contents: `export const VERBS = JSON.parse(${text});`, loader: 'js' };
    });
  },
};

/** Commander starts programs as subcommands; we have none, and loading what starts them takes a tenth of the whole start. Ours is loaded late. */
const noChildProcesses: Plugin = {
  name: 'no-child-processes',
  setup(builder) {
    builder.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes('commander') ? { path, namespace: 'absent' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'export default {};', loader: 'js' }));
  },
};

/**
 * A module of ours that is imported where it is needed becomes a file of its own beside the bundle: even as text that does not run,
 * the YAML writer takes a fifteenth of the start. esbuild splits only ES modules. Adds to `parts` by the name of the file; such a module
 * exports by name, for `default` means another thing in CommonJS.
 */
const lazyParts = (parts: Map<string, string>): Plugin => ({
  name: 'lazy-parts',
  setup(builder) {
    builder.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const name = basename(path, '.ts');
      parts.set(name, join(resolveDir, path));
      return { path: `./${name}.js`, external: true };
    });
  },
});

/** Writes `dist/cloud.js` and what it loads later beside it; each file is whole or as it was. Answers the path of `cloud.js`. */
export async function buildCli(outFile: string = join(folder, 'dist', 'cloud.js')): Promise<string> {
  const dist = dirname(outFile);
  await mkdir(dist, { recursive: true });
  const fresh = await mkdtemp(join(dist, '.fresh-'));
  const options = {
    outdir: fresh,
    bundle: true,
    platform: 'node',
    // A module's imports of Node's own modules load all that those load lazily: 20 ms.
    format: 'cjs',
    target: 'node20',
    supported: { 'dynamic-import': false },
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  } satisfies BuildOptions;
  try {
    const parts = new Map<string, string>();
    await build({
      ...options,
      entryPoints: { cloud: join(folder, 'src', 'main.ts') },
      // An installed package runs the bundle itself.
      banner: { js: '#!/usr/bin/env node' },
      plugins: [finishedTable, noChildProcesses, lazyParts(parts)],
    });
    await build({ ...options, entryPoints: Object.fromEntries(parts) });
    await writeFile(join(dist, 'package.json'), '{"type":"commonjs"}\n');
    for (const name of parts.keys()) await rename(join(fresh, `${name}.js`), join(dist, `${name}.js`));
    await rename(join(fresh, 'cloud.js'), outFile);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return outFile;
}

if (import.meta.main)
  await buildCli().catch((error: unknown) => {
    process.stderr.write(`cloud: cannot build the command: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
