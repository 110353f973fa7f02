/**
 * Installs what is missing: npm packages (Node 24 among them), then the distribution's packages. Plain JavaScript without
 * dependencies: it runs on the machine's Node 20 or later. If nothing is missing, it takes a few milliseconds.
 */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installSystemPackages, isCutShort } from './apt.mjs';
import { SYSTEM_PACKAGES, SYSTEM_PATH } from './packages.mjs';
import { SetupError } from './progress.mjs';

export { ensureNpmPackages, NODE, REPOSITORY } from './npm-packages.mjs';

/**
 * The missing system packages of those that this start needs: an API alone needs no engine, and with
 * DATABASE_URL the database is elsewhere.
 */
/** @param {boolean} forTests @param {boolean} [forPeers] of a bench */
export function findMissingPackages(forTests = false, forPeers = false) {
  const unneeded = new Set([
    process.env.DATABASE_URL ? 'database' : '',
    process.env.CLOUD_ROLE === 'api' ? 'engine' : '',
    forTests ? '' : 'tests',
    forPeers ? '' : 'peers',
  ]);
  return SYSTEM_PACKAGES.filter((wanted) => !unneeded.has(wanted.for) && !wanted.proof.some(isThere));
}

/** @param {string} proof a program's name, or a path with at most one `*` folder */
function isThere(proof) {
  if (!proof.startsWith('/')) {
    const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_PATH];
    return folders.some((folder) => existsSync(join(folder, proof)));
  }
  const [before, after] = proof.split('/*/');
  if (before === undefined || after === undefined) return existsSync(proof);
  return existsSync(before) && readdirSync(before).some((name) => existsSync(join(before, name, after)));
}

/**
 * Installs the system packages with apt. Without apt, prints what is missing and continues.
 */
export async function ensureSystemPackages(forTests = false, forPeers = false) {
  const missing = findMissingPackages(forTests, forPeers);
  if (missing.length === 0 && !isCutShort()) return;
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    console.log('This machine has no apt. Install these by hand; until then, some features will not work:');
    for (const entry of missing) console.log(`  ${entry.name}: ${entry.why}`);
    return;
  }
  await installSystemPackages(missing);
}

/**
 * Exits with one line instead of a stack trace for an error that the user can fix.
 * @param {unknown} error
 * @returns {never}
 */
export function exitWith(error) {
  if (error instanceof SetupError) {
    console.error(error.message);
    process.exit(2);
  }
  throw error;
}
