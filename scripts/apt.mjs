/** Installs packages through apt, on Debian and Ubuntu, without a question. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveBackports, parseDeb822, parseSourcesList } from './apt-sources.mjs';
import { explainFailure, run, runWithProgress, SetupError } from './progress.mjs';

const BACKPORTS_FILE = '/etc/apt/sources.list.d/thecloud-backports.sources';
/** While this file exists, Debian's scripts create and start no cluster when PostgreSQL is installed. */
const NO_CLUSTER_FOLDER = '/etc/postgresql-common/createcluster.d';
const NO_CLUSTER_FILE = join(NO_CLUSTER_FOLDER, 'thecloud-setup.conf');
/**
 * Lists the packages of an installation in progress. dpkg unpacks programs before it configures them, so the programs' files do not
 * prove that the installation is complete.
 */
const UNDER_WAY_FILE = '/var/lib/misc/thecloud-setup.packages';
/** How long to wait for another apt or dpkg, including one of a killed start. */
const LOCK_MS = 10 * 60_000;

/** Whether an installation was interrupted. */
export const isCutShort = () => existsSync(UNDER_WAY_FILE);

/** @param {readonly import('./packages.mjs').SystemPackage[]} missing */
export async function installSystemPackages(missing) {
  await requireRoot(missing);
  let candidates = await readCandidates(missing);
  if (!allKnown(missing, candidates)) {
    await update();
    candidates = await readCandidates(missing);
  }
  if (!allKnown(missing, candidates) && (await addBackports())) {
    await update();
    candidates = await readCandidates(missing);
  }
  const names = [];
  for (const entry of missing) {
    const name = chooseName(entry, candidates);
    if (name) names.push(name);
    else console.log(`apt has no package ${entry.name} here (${entry.why}); continuing without it`);
  }
  if (names.length > 0 || isCutShort()) await install(names);
}

/** @param {readonly string[]} wanted */
async function install(wanted) {
  const before = isCutShort() ? readFileSync(UNDER_WAY_FILE, 'utf8').split('\n').filter(Boolean) : [];
  const names = [...new Set([...before, ...wanted])];
  await writeAsRoot(UNDER_WAY_FILE, `${names.join('\n')}\n`);
  await writeAsRoot(NO_CLUSTER_FILE, 'create_main_cluster = false\n');
  try {
    await repair();
    const missing = await findUninstalled(names);
    if (missing.length > 0) await installNow(missing);
  } finally {
    await run(...asRoot('rm', ['-f', NO_CLUSTER_FILE]));
  }
  await run(...asRoot('rm', ['-f', UNDER_WAY_FILE]));
}

/** @param {readonly string[]} names */
async function installNow(names) {
  const args = ['install', '-y', '--no-install-recommends', ...names];
  const label = `installing ${names.join(', ')}`;
  const first = await work(label, 'apt-get', args, true);
  if (first.code === 0) return;
  // Old package lists name files that the archive no longer has.
  await update();
  await work(`${label}, again`, 'apt-get', args);
}

/** Completes an interrupted installation, because apt refuses everything else until then. */
async function repair() {
  const { output } = await run('dpkg', ['--audit'], { env: quiet() });
  const journal = '/var/lib/dpkg/updates';
  const hasJournal = existsSync(journal) && readdirSync(journal).some((name) => /^\d+$/.test(name));
  if (output.trim() === '' && !hasJournal) return;
  // A half-unpacked package fails here and is reinstalled below.
  await work(
    'completing an interrupted dpkg',
    'dpkg',
    ['--force-confdef', '--force-confold', '--configure', '-a'],
    true,
  );
  const keepFiles = ['-oDPkg::Options::=--force-confdef', '-oDPkg::Options::=--force-confold'];
  const again = (await listPackages('${db:Status-Eflag}')).filter(([, flag]) => flag === 'reinstreq');
  const names = again.map(([name]) => name);
  const how = ['--fix-broken', ...(names.length > 0 ? ['--reinstall', ...names] : [])];
  await work('completing half-installed packages', 'apt-get', ['install', '-y', ...keepFiles, ...how]);
}

/** @param {string} field @param {readonly string[]} [names] @returns {Promise<[name: string, value: string][]>} */
async function listPackages(field, names = []) {
  const { output } = await run('dpkg-query', ['--show', '--showformat', `\${Package} ${field}\\n`, ...names]);
  // Lines about unknown names have another form.
  return output.split('\n').flatMap((line) => {
    const [, name, value] = /^(\S+) (\S+)$/.exec(line) ?? [];
    return name && value ? [/** @type {[string, string]} */ ([name, value])] : [];
  });
}

/** @param {readonly string[]} names */
async function findUninstalled(names) {
  const states = new Map(await listPackages('${db:Status-Status}', names));
  return names.filter((name) => states.get(name) !== 'installed');
}

/**
 * Runs apt-get or dpkg as root. If another process holds the lock, retries for at most ten minutes.
 * @param {string} label @param {string} program @param {readonly string[]} args @param {boolean} [mayFail]
 */
async function work(label, program, args, mayFail = false) {
  const deadline = performance.now() + LOCK_MS;
  // apt-get can wait for some of the locks by itself.
  const words = program === 'apt-get' ? ['-oDPkg::Lock::Timeout=300', ...args] : args;
  for (;;) {
    const result = await runWithProgress(label, ...asRoot(program, words), { env: quiet(), mayFail: true });
    if (result.code === 0) return result;
    const isLocked = /could not get lock|unable to (acquire|lock)|locked by another process/i.test(result.output);
    if (!isLocked || performance.now() > deadline) {
      if (mayFail && !isLocked) return result;
      throw explainFailure(label, program, result);
    }
    console.log('another apt or dpkg is running; waiting for it');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
}

/** @param {string} program @param {readonly string[]} args @returns {[string, string[]]} */
function asRoot(program, args) {
  if (isRoot()) return [program, [...args]];
  return ['sudo', ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l', program, ...args]];
}

const isRoot = () => process.getuid?.() === 0;
const quiet = () => ({ ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C.UTF-8' });

/** @param {readonly import('./packages.mjs').SystemPackage[]} missing */
async function requireRoot(missing) {
  if (isRoot()) return;
  const names = missing.map((entry) => entry.name).join(' ');
  const byHand = `to install them by hand: sudo apt-get install ${names}`;
  if (!existsSync('/usr/bin/sudo'))
    throw new SetupError(`packages are missing, and sudo is not installed; run as root: apt-get install ${names}`);
  if ((await run('sudo', ['-n', 'true'])).code === 0) return;
  if (!process.stdin.isTTY) throw new SetupError(`packages are missing and sudo wants a password; ${byHand}`);
  // The one question there is: sudo's own, on the terminal.
  const { spawnSync } = await import('node:child_process');
  console.log(`sudo is needed once, to install: ${names}`);
  if (spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status !== 0) throw new SetupError(`sudo refused; ${byHand}`);
}

async function update() {
  await work('reading the package lists', 'apt-get', ['update']);
}

/**
 * Names apt could install now.
 * @param {readonly import('./packages.mjs').SystemPackage[]} wanted
 */
async function readCandidates(wanted) {
  const names = wanted.flatMap((entry) => (entry.instead ? [entry.name, entry.instead] : [entry.name]));
  const { output } = await run('apt-cache', ['policy', ...names], { env: quiet() });
  const known = new Set();
  let name = '';
  for (const line of output.split('\n')) {
    const heading = /^(\S+):$/.exec(line);
    if (heading?.[1]) name = heading[1];
    else if (/^\s+Candidate:\s+(?!\(none\))\S/.test(line)) known.add(name);
  }
  return known;
}

/** @param {import('./packages.mjs').SystemPackage} entry @param {Set<string>} candidates */
function chooseName(entry, candidates) {
  return [entry.name, entry.instead].find((name) => name !== undefined && candidates.has(name));
}

/** @param {readonly import('./packages.mjs').SystemPackage[]} missing @param {Set<string>} candidates */
function allKnown(missing, candidates) {
  return missing.every((entry) => chooseName(entry, candidates) !== undefined);
}

/** Debian 12 has Incus in its backports only. Packages from there are taken only where no other source has them. */
async function addBackports() {
  const system = readFileSync('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(system)?.[1];
  if (!/^ID=debian$/m.test(system) || !codename || existsSync(BACKPORTS_FILE)) return false;
  const folder = '/etc/apt/sources.list.d';
  const list = existsSync('/etc/apt/sources.list')
    ? parseSourcesList(readFileSync('/etc/apt/sources.list', 'utf8'))
    : [];
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const others = names.flatMap((name) => {
    const text = () => readFileSync(join(folder, name), 'utf8');
    if (name.endsWith('.list')) return parseSourcesList(text());
    return name.endsWith('.sources') ? parseDeb822(text()) : [];
  });
  const source = deriveBackports([...list, ...others], codename);
  if (source === undefined) return false;
  await writeAsRoot(BACKPORTS_FILE, source);
  return true;
}

/**
 * Whole or not at all: half a list of sources would stop every later apt.
 * @param {string} path @param {string} text
 */
async function writeAsRoot(path, text) {
  const beside = mkdtempSync(join(tmpdir(), 'thecloud-'));
  try {
    writeFileSync(join(beside, 'file'), text);
    // apt and Debian's scripts read no names that end so.
    await must('install', ['-D', '-m', '0644', join(beside, 'file'), `${path}.new`]);
    await must('mv', [`${path}.new`, path]);
  } finally {
    rmSync(beside, { recursive: true });
  }
}

/** @param {string} program @param {readonly string[]} args */
async function must(program, args) {
  const { code, output } = await run(...asRoot(program, args));
  if (code !== 0) throw new SetupError(`${program} ${args.join(' ')}: ${output.trim()}`);
}
