/** Writes what derives from the registry of operations and from the settings: `npm run gen`. The results are committed; the check fails when they are stale. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { generateCli } from '../packages/cli/src/generate.ts';
import { generateSdk } from '../packages/sdk/src/generate.ts';
import { composeRegistry } from '../packages/server/src/services.ts';
import { describeRoles } from '../packages/server/src/services/roles/role-matrix.ts';
import { buildOpenApi } from '../packages/server/src/front/rest/openapi.ts';
import { createSealer } from '../packages/server/src/kernel/seal.ts';
import { describeOperations } from '../packages/server/src/kernel/describe.ts';
import { describeConsole } from '../packages/server/src/kernel/describe-console.ts';
import { metricsPage } from './metrics-page.ts';
import { addChecksums } from './landed-migrations.mjs';

const root = join(import.meta.dirname, '..');

/** Names outside and keys do not show in any document. */
const registry = composeRegistry({
  sealer: createSealer(new Map([[1, Buffer.alloc(32)]])),
  region: 'us-east-1',
  platformId: '000000000000',
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), text.endsWith('\n') ? text : `${text}\n`);
}

const operations = describeOperations(registry);
await write('api/openapi.json', JSON.stringify(buildOpenApi(registry), null, 2));
await write('api/operations.json', JSON.stringify(operations, null, 2));
await write('api/console.json', JSON.stringify(describeConsole(registry), null, 2));
await write('docs/reference/permissions.md', describeRoles(registry));
for (const [path, text] of [...generateSdk(operations), ...generateCli(operations)]) await write(path, text);
await write('docs/reference/metrics.md', metricsPage(root));
const COMMAND_LINE = `export { readCommand } from '../command-line.ts';
export { findMisspelt, SettingsError } from '../config.ts';
`;
// What `npm start` reads before any package is installed, for the oldest Node that may run it.
await build({
  absWorkingDir: root,
  stdin: { contents: COMMAND_LINE, resolveDir: join(root, 'packages/server/src/generated') },
  outfile: 'packages/server/src/generated/command-line.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '// Generated from command-line.ts by `npm run gen`.' },
  logLevel: 'warning',
});
await write('packages/server/src/generated/command-line.d.mts', COMMAND_LINE);
addChecksums(root);
