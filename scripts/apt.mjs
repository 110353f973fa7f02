/** Installs packages through apt, on Debian and Ubuntu, without a question. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveBackports, parseDeb822, parseSourcesList } from './apt-sources.mjs';
import { run, runWithProgress, SetupError } from './progress.mjs';

const BACKPORTS_FILE = '/etc/apt/sources.list.d/thecloud-backports.sources';
/** Read by Debian's own scripts: while it is there, installing PostgreSQL makes and starts no cluster of its own. */
const NO_CLUSTER_FOLDER = '/etc/postgresql-common/createcluster.d';
const NO_CLUSTER_FILE = join(NO_CLUSTER_FOLDER, 'thecloud-setup.conf');

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
    else console.log(`apt knows no ${entry.name} here (${entry.why}); going on without it`);
  }
  if (names.length > 0) await install(names);
}

/** @param {readonly string[]} names */
async function install(names) {
  const wantsPostgres = names.includes('postgresql');
  if (wantsPostgres) await writeAsRoot(NO_CLUSTER_FILE, 'create_main_cluster = false\n');
  try {
    const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...names];
    const label = `installing ${names.join(', ')}`;
    const first = await runWithProgress(label, ...asRoot('apt-get', args), { env: quiet(), mayFail: true });
    if (first.code === 0) return;
    // Lists that are old name files that the archive no longer has.
    await update();
    await runWithProgress(`${label}, again`, ...asRoot('apt-get', args), { env: quiet() });
  } finally {
    if (wantsPostgres) await run(...asRoot('rm', ['-f', NO_CLUSTER_FILE]));
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
    throw new SetupError(`packages are missing and there is no sudo; as root: apt-get install ${names}`);
  if ((await run('sudo', ['-n', 'true'])).code === 0) return;
  if (!process.stdin.isTTY) throw new SetupError(`packages are missing and sudo wants a password; ${byHand}`);
  // The one question there is: sudo's own, on the terminal.
  const { spawnSync } = await import('node:child_process');
  console.log(`sudo is needed once, to install: ${names}`);
  if (spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status !== 0) throw new SetupError(`sudo refused; ${byHand}`);
}

async function update() {
  await runWithProgress(
    'reading the package lists',
    ...asRoot('apt-get', ['update', '-o', 'DPkg::Lock::Timeout=300']),
    { env: quiet() },
  );
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

/** @param {string} path @param {string} text */
async function writeAsRoot(path, text) {
  const folder = path.slice(0, path.lastIndexOf('/'));
  if (isRoot()) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text, { mode: 0o644 });
    return;
  }
  const beside = mkdtempSync(join(tmpdir(), 'thecloud-'));
  try {
    writeFileSync(join(beside, 'file'), text);
    const { code, output } = await run(...asRoot('install', ['-D', '-m', '0644', join(beside, 'file'), path]));
    if (code !== 0) throw new SetupError(`cannot write ${path}: ${output.trim()}`);
  } finally {
    rmSync(beside, { recursive: true });
  }
}
