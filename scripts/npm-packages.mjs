/**
 * The npm packages, Node 24 among them. npm trusts a folder that an earlier, interrupted npm has left half empty, so it never works in
 * node_modules: it installs in a separate folder, which is removed first if it exists, and moved to node_modules when it is complete.
 */
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { lock } from './lock.mjs';
import { run, runWithProgress, SetupError } from './progress.mjs';

export const REPOSITORY = resolve(import.meta.dirname, '..');

/** By the package's own path: npm 9, which Debian 13 has, makes no link to it in `.bin`. */
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;
const nodeOf = (/** @type {string} */ modules) => join(modules, NODE_PACKAGE, 'bin', 'node');

/** Node 24, from npm. */
export const NODE = nodeOf(join(REPOSITORY, 'node_modules'));

/** How long the file of Node may still be open for writing after npm has ended. */
const BUSY_MS = 10_000;

/**
 * npm packages only: enough for the checks and the migrations.
 * @param {string} [repository]
 */
export async function ensureNpmPackages(repository = REPOSITORY) {
  if (!hasNpmPackages(repository)) await installAlone(repository);
  linkNode(join(repository, 'node_modules'));
}

/** @param {string} repository */
async function installAlone(repository) {
  const cache = join(repository, '.cache');
  mkdirSync(cache, { recursive: true });
  const unlock = await lock(join(cache, 'npm-install.lock'));
  try {
    // Who waited finds the work done.
    if (!hasNpmPackages(repository)) await install(repository, join(cache, 'npm-install'));
  } finally {
    unlock();
  }
}

/** @param {string} repository @param {string} place */
async function install(repository, place) {
  await endProcessesIn(place);
  rmSync(place, { recursive: true, force: true });
  layOut(repository, place);
  // As `npm ci`: the versions of package-lock.json, checked by their hashes. But `npm ci` refuses a lock without the optional packages of
  // other systems, which npm leaves out where a registry does not have them.
  await runWithProgress(
    'installing npm packages',
    'npm',
    ['install', '--no-save', '--no-audit', '--no-progress', '--loglevel=error'],
    { cwd: place, env: outerEnvironment() },
  );
  const made = join(place, 'node_modules');
  await provideNode(made);
  // On the disk before it has its name: a power cut must not leave it with empty files.
  await run('sync', ['-f', made]);
  const modules = join(repository, 'node_modules');
  try {
    if (existsSync(modules)) renameSync(modules, join(place, 'old'));
    renameSync(made, modules);
  } catch (error) {
    throw new SetupError(`cannot replace ${modules}: ${error instanceof Error ? error.message : String(error)}`);
  }
  rmSync(place, { recursive: true, force: true });
}

/** What npm needs to see: the manifests, the lock, npm's settings, and the programs that it links to. */
function layOut(/** @type {string} */ repository, /** @type {string} */ place) {
  const packages = readdirSync(join(repository, 'packages')).map((name) => join('packages', name));
  for (const folder of ['.', ...packages]) {
    for (const name of ['package.json', 'package-lock.json', '.npmrc', 'bin']) {
      const from = join(repository, folder, name);
      if (existsSync(from)) cpSync(from, join(place, folder, name), { recursive: true });
    }
  }
}

/**
 * Waits until npm's Node can be run: its file may be open for writing for a moment after npm has ended (ETXTBSY).
 * @param {string} modules
 */
async function provideNode(modules) {
  const node = nodeOf(modules);
  if (!existsSync(node)) {
    throw new SetupError(
      `npm has no Node 24 for ${process.platform} ${process.arch}; the platform runs on linux x64 and arm64`,
    );
  }
  const deadline = performance.now() + BUSY_MS;
  for (;;) {
    const { code, output } = await run(node, ['--version']);
    if (code === 0) return;
    if (!output.includes('ETXTBSY') || performance.now() > deadline)
      throw new SetupError(`the Node that npm brought does not run: ${output.trim()}`);
    await pause(50);
  }
}

/** So that `node` means Node 24 in npm's scripts, whatever npm made. @param {string} modules */
function linkNode(modules) {
  const link = join(modules, '.bin', 'node');
  if (lstatSync(link, { throwIfNoEntry: false })) return;
  mkdirSync(join(modules, '.bin'), { recursive: true });
  symlinkSync(join('..', NODE_PACKAGE, 'bin', 'node'), link);
}

/**
 * Compares versions, not times: git sets times, and an `npm install` by hand is as good as ours. npm writes this list when all else is done.
 * @param {string} repository
 */
function hasNpmPackages(repository) {
  const modules = join(repository, 'node_modules');
  const list = join(modules, '.package-lock.json');
  if (!existsSync(nodeOf(modules)) || !existsSync(list)) return false;
  const wanted = readLock(join(repository, 'package-lock.json'));
  const installed = readLock(list);
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

/** npm itself must run on a Node outside of the node_modules that it replaces. */
function outerEnvironment() {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes(join('node_modules', '.bin')) && !folder.includes('node-gyp-bin'))
    .join(delimiter);
  // What the npm that runs us told its script is not for the npm that we run.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix)|INIT_CWD)/.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: path };
}

/**
 * Ends what a killed set-up left at work there: its npm, and what that runs. Nobody else's, for we hold the lock.
 * @param {string} folder
 */
async function endProcessesIn(folder) {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = findProcessesIn(folder);
    if (found.length === 0) return;
    if (performance.now() > deadline) throw new SetupError(`processes in ${folder} do not end: ${found.join(', ')}`);
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Already gone.
      }
    }
    await pause(50);
  }
}

/** @param {string} folder @returns {number[]} */
function findProcessesIn(folder) {
  const names = existsSync('/proc/self') ? readdirSync('/proc') : [];
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`);
      } catch {
        // Already gone, a zombie, or another user's.
        return false;
      }
    });
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
