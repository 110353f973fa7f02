/**
 * Installs what is missing: npm packages (Node 24 among them), then the distribution's packages. Plain JavaScript without
 * dependencies: it runs on whatever Node >= 20 the machine has. With nothing missing it costs a few milliseconds.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { installSystemPackages } from './apt.mjs';
import { SYSTEM_PACKAGES, SYSTEM_PATH } from './packages.mjs';
import { runWithProgress, SetupError } from './progress.mjs';

export const REPOSITORY = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '..');
const BIN = join(REPOSITORY, 'node_modules', '.bin');

/** Node 24, from npm. */
export const NODE = join(BIN, 'node');

/** npm packages only: enough for --help, the checks and the migrations. */
export async function ensureNpmPackages() {
  if (hasNpmPackages()) return;
  // As `npm ci`: the versions of package-lock.json, checked by their hashes, and no file changed. But `npm ci` refuses a lock without the
  // optional packages of other systems, which npm leaves out where a registry does not have them, and it removes what is there first.
  await runWithProgress(
    'installing npm packages',
    'npm',
    ['install', '--no-save', '--no-audit', '--no-progress', '--loglevel=error'],
    {
      cwd: REPOSITORY,
      env: outerEnvironment(),
    },
  );
  if (!existsSync(NODE)) {
    throw new SetupError(
      `npm brought no Node 24 for ${process.platform} ${process.arch}: the platform runs on linux x64 and arm64`,
    );
  }
}

/** npm may replace node_modules, and with it the Node that runs this; npm itself must run on one outside of it. */
function outerEnvironment() {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes(`${join('node_modules', '.bin')}`) && !folder.includes('node-gyp-bin'))
    .join(delimiter);
  // What the npm that runs us told its script is not for the npm that we run.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(lifecycle|package|command|execpath|node_execpath)/.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: path };
}

/** Compares versions, not times: git sets times, and an `npm install` by hand is as good as ours. */
function hasNpmPackages() {
  const installedPath = join(REPOSITORY, 'node_modules', '.package-lock.json');
  if (!existsSync(NODE) || !existsSync(installedPath)) return false;
  const wanted = readLock(join(REPOSITORY, 'package-lock.json'));
  const installed = readLock(installedPath);
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.link) return true;
    const found = installed[path];
    return found ? found.version === entry.version : Boolean(entry.optional || entry.peer || entry.devOptional);
  });
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, link?: boolean, optional?: boolean, peer?: boolean, devOptional?: boolean }>}
 */
function readLock(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
}

/**
 * Which of the distribution's packages are not there, of those that this start needs: a lone API drives no engine, and with
 * DATABASE_URL the database is elsewhere.
 */
/** @param {boolean} forTests */
export function findMissingPackages(forTests = false) {
  const unneeded = new Set([
    process.env.DATABASE_URL ? 'database' : '',
    process.env.CLOUD_ROLE === 'api' ? 'engine' : '',
    forTests ? '' : 'tests',
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
 * The distribution's packages, where apt is; elsewhere says what is missing and goes on with what there is.
 */
export async function ensureSystemPackages(forTests = false) {
  const missing = findMissingPackages(forTests);
  if (missing.length === 0) return;
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    console.log('This machine has no apt; not everything will work until these are installed by hand:');
    for (const entry of missing) console.log(`  ${entry.name}: ${entry.why}`);
    return;
  }
  await installSystemPackages(missing);
}

/**
 * Ends with one line instead of a stack for what a person can mend.
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
