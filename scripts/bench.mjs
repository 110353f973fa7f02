/**
 * `npm run bench -- <name>`: runs every file of bench/<name>/ in turn on Node 24. Without a name lists what there is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureNpmPackages, ensureSystemPackages, exitWith, NODE, REPOSITORY } from './setup.mjs';

const BENCH = join(REPOSITORY, 'bench');
const [name, ...rest] = process.argv.slice(2);
const names = existsSync(BENCH)
  ? readdirSync(BENCH, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  : [];

if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`unknown benchmark '${name}'`);
  console.log(`npm run bench -- <name>, one of: ${names.join(', ') || '(none yet)'}`);
  process.exit(name === undefined ? 0 : 2);
}
try {
  await ensureNpmPackages();
  // A bench of the console needs the browser of its tests, one of queues its peers.
  await ensureSystemPackages(name === 'console', name === 'queues');
} catch (error) {
  exitWith(error);
}
const files = readdirSync(join(BENCH, name))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.lib.ts'))
  .sort();
for (const file of files) {
  console.log(`\n# ${name}/${file}`);
  const { status } = spawnSync(NODE, [join(BENCH, name, file), ...rest], { cwd: REPOSITORY, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
