/**
 * The web console, built once for each version of its sources into `.cache/console/<hash>/`: in seconds then, in milliseconds otherwise.
 * `npm start` builds it while the database starts; `node scripts/console.mjs` builds it alone.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { lock } from './lock.mjs';
import { explainFailure, run } from './progress.mjs';
import { ensureNpmPackages, exitWith, NODE, REPOSITORY } from './setup.mjs';

/** Builds that are kept: two branches of a checkout do not build in turn. */
const KEPT = 2;
/** A build that takes longer than this is told of. */
const SOON_MS = 1_000;
/** A build takes three seconds; one that hangs must not hold up a start. */
const LONGEST_MS = 2 * 60_000;
/** What compresses by itself is left as it is. */
const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest']);
/** The best takes ten times as long as this and saves 8 %. */
const BROTLI_QUALITY = 9;

/**
 * The folder with the built console. Throws SetupError with what is wrong if it cannot be built.
 * @param {{ repository?: string, say?: (line: string) => void }} [options]
 * @returns {Promise<string>}
 */
export async function ensureConsole({ repository = REPOSITORY, say = console.log } = {}) {
  const builds = join(repository, '.cache', 'console');
  const folder = join(builds, hashSources(repository));
  if (!existsSync(folder)) {
    mkdirSync(builds, { recursive: true });
    const unlock = await lock(join(builds, 'lock'), LONGEST_MS);
    try {
      // Who waited finds the work done.
      if (!existsSync(folder)) await build(repository, builds, folder, say);
    } finally {
      unlock();
    }
  }
  return folder;
}

/** @param {string} repository @param {string} builds @param {string} folder @param {(line: string) => void} say */
async function build(repository, builds, folder, say) {
  const begun = performance.now();
  let isTold = false;
  const timer = setTimeout(() => {
    isTold = true;
    say('building the console …');
  }, SOON_MS);
  try {
    removeOld(builds);
    // Another's that was killed may go on writing for a moment: into its own.
    const place = join(builds, `building-${process.pid}`);
    await runVite(repository, place);
    const made = await compressAll(place);
    // On the disk before it has its name: a power cut must not leave it with empty files.
    await run('sync', made);
    renameSync(place, folder);
  } finally {
    clearTimeout(timer);
  }
  if (isTold) say(`building the console: done (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
}

/** @param {string} repository @param {string} place */
async function runVite(repository, place) {
  const root = join(repository, 'packages', 'console');
  const vite = join(repository, 'node_modules', 'vite', 'bin', 'vite.js');
  const config = join(root, 'vite.config.ts');
  const args = [vite, 'build', root, '--config', config, '--outDir', place, '--emptyOutDir', '--logLevel', 'warn'];
  const { code, output } = await run(NODE, args, {
    cwd: repository,
    // Nothing else: Vite would build what NODE_ENV and VITE_… say.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' },
    timeoutMs: LONGEST_MS,
  });
  if (code !== 0) throw explainFailure('building the console', 'vite', { code, output });
}

/** Puts a .br and a .gz beside each file that is worth it. Answers all files. @param {string} place */
async function compressAll(place) {
  const paths = filesBelow(place);
  const made = paths.filter((path) => COMPRESSIBLE.has(extname(path))).map((path) => compress(path));
  return [...paths, ...(await Promise.all(made)).flat()];
}

/** @param {string} path */
async function compress(path) {
  const content = readFileSync(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(content, { params }),
    promisify(gzip)(content, { level: 9 }),
  ]);
  writeFileSync(`${path}.br`, br);
  writeFileSync(`${path}.gz`, gz);
  return [`${path}.br`, `${path}.gz`];
}

/** Leaves the newest but one, and nothing half made. @param {string} builds */
function removeOld(builds) {
  const folders = readdirSync(builds, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name);
  const whole = names
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .sort((a, b) => statSync(join(builds, b)).mtimeMs - statSync(join(builds, a)).mtimeMs);
  const half = names.filter((name) => name.startsWith('building-'));
  for (const name of [...half, ...whole.slice(KEPT - 1)]) rmSync(join(builds, name), { recursive: true, force: true });
}

/**
 * Everything that a build reads, this file included: what it does may change, too.
 * @param {string} repository
 */
export function listSources(repository) {
  const services = join(repository, 'packages', 'server', 'src', 'services');
  const folders = [
    join(repository, 'packages', 'console'),
    join(repository, 'packages', 'sdk', 'src'),
    // Pages show what they do as a command.
    join(repository, 'packages', 'cli', 'src', 'table'),
    ...(existsSync(services) ? readdirSync(services).map((name) => join(services, name, 'console')) : []),
  ];
  const files = [
    join(repository, 'api', 'operations.json'),
    join(repository, 'api', 'console.json'),
    join(repository, 'package-lock.json'),
    join(repository, 'tsconfig.json'),
    join(import.meta.dirname, 'console.mjs'),
    ...folders.filter(existsSync).flatMap(filesBelow),
  ];
  return files.filter((path) => !/\.test\.tsx?$/.test(path) && existsSync(path)).sort();
}

/** @param {string} repository */
function hashSources(repository) {
  const hash = createHash('sha256');
  for (const path of listSources(repository)) {
    const content = readFileSync(path);
    hash.update(`${relative(repository, path)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path);
    return [path];
  });
}

if (process.argv[1] === import.meta.filename) {
  try {
    await ensureNpmPackages();
    console.log(await ensureConsole());
  } catch (error) {
    exitWith(error);
  }
}
