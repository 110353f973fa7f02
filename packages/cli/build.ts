/** Bundles the command into one file that needs nothing but Node: `node packages/cli/build.ts`, or `buildCli()`. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

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

/** Writes `dist/cloud.js`; it is whole or as it was. Answers its path. */
export async function buildCli(outFile: string = join(folder, 'dist', 'cloud.js')): Promise<string> {
  const fresh = `${outFile}.${process.pid}.tmp.js`;
  await mkdir(join(outFile, '..'), { recursive: true });
  try {
    await build({
      entryPoints: [join(folder, 'src', 'main.ts')],
      outfile: fresh,
      bundle: true,
      platform: 'node',
      // A module's imports of Node's own modules load all that those load lazily: 20 ms.
      format: 'cjs',
      target: 'node20',
      minify: true,
      legalComments: 'none',
      plugins: [finishedTable, noChildProcesses],
      logLevel: 'warning',
    });
    await writeFile(join(outFile, '..', 'package.json'), '{"type":"commonjs"}\n');
    await rename(fresh, outFile);
  } finally {
    await rm(fresh, { force: true });
  }
  return outFile;
}

if (import.meta.main) await buildCli();
