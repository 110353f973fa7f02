/**
 * `npm test`: installs what is missing, runs every test, then looks for what the tests left on the machine.
 * Arguments go to vitest: `npm test -- packages/server/src/kernel`. In CI, files that fail run twice: see run-twice.mjs.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { findLeftovers, lookAround } from './leftovers.mjs';
import { runTwice } from './run-twice.mjs';
import { ensureNpmPackages, ensureSystemPackages, exitWith, NODE, REPOSITORY } from './setup.mjs';

try {
  await ensureNpmPackages();
  await ensureSystemPackages(true);
} catch (error) {
  exitWith(error);
}

const before = await lookAround();
const args = process.argv.slice(2);
const isWhole = process.env.CI !== undefined && args.length === 0;
const code = isWhole ? await runTwice(runVitest) : await runVitest(args);
const left = await findLeftovers(before);
if (left.length > 0)
  console.log(`\nThe tests left ${left.length} things behind:\n${left.map((thing) => `  ${thing}`).join('\n')}`);
process.exit(code === 0 && left.length > 0 ? 1 : code);

/**
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} environment
 * @returns {Promise<number>}
 */
function runVitest(args, environment = {}) {
  const child = spawn(NODE, [join(REPOSITORY, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args], {
    cwd: REPOSITORY,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...environment,
      PATH: [join(REPOSITORY, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
}
