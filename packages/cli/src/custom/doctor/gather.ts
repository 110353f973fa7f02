import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, lstatSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { findPostgresVersions, lookAtDatabase } from './database.ts';
import type { DataDirFacts, EntryFacts, Facts, PortFacts } from './facts.ts';
import {
  findFile,
  findHolder,
  findProgram,
  listenersOn,
  listNames,
  listProcesses,
  readText,
  runProgram,
  type SeenProcess,
} from './host.ts';
import { type Place, portOf } from './place.ts';

const INCUSD = [
  '/usr/libexec/incus/incusd',
  '/usr/lib/incus/incusd',
  '/opt/incus/bin/incusd',
  '/usr/bin/incusd',
  '/usr/sbin/incusd',
  '/usr/local/bin/incusd',
];

/** Looks at this machine. Changes nothing, starts nothing that stays, and needs no network. */
export async function gatherFacts(place: Place): Promise<Facts> {
  const processes = listProcesses();
  const users = userNames();
  const dataDir = lookAtDataDir(place, users);
  const [postgres, incus, nftables, isClockSynchronised, leftovers, database] = await Promise.all([
    findPostgresVersions(),
    findIncus(),
    runProgram('nft', ['list', 'tables']),
    isSynchronised(),
    findLeftovers(place, processes),
    lookAtDatabase(place),
  ]);
  return {
    isRoot: place.isRoot,
    now: Date.now(),
    node: process.versions.node,
    kernel: release(),
    postgres,
    incus,
    hasLxcfs: findProgram('lxcfs') !== undefined,
    cgroups: findCgroups(),
    namespaces: listNames('/proc/self/ns'),
    maxUserNamespaces: numberIn('/proc/sys/user/max_user_namespaces'),
    fileSystems: findFileSystems(),
    nftables: { works: nftables.ok, said: nftables.said },
    dataDir,
    ports: findPorts(place, processes),
    isClockSynchronised,
    newestFile: findNewestFile(place),
    leftovers,
    database,
  };
}

const numberIn = (path: string): number | undefined => {
  const text = readText(path)?.trim();
  return text ? Number(text) : undefined;
};

/** A hierarchy of version 2, or the controllers of version 1, which the kernel lists with a hierarchy each. */
function findCgroups(): Facts['cgroups'] {
  const unified = readText('/sys/fs/cgroup/cgroup.controllers');
  if (unified !== undefined) return { version: 2, controllers: unified.trim().split(' ') };
  const rows = (readText('/proc/cgroups') ?? '').split('\n').map((line) => line.split(/\s+/));
  const mounted = rows.filter(([, hierarchy, , enabled]) => hierarchy !== '0' && enabled === '1');
  return { version: 1, controllers: mounted.map(([name]) => (name === 'blkio' ? 'io' : name!)) };
}

async function findIncus(): Promise<string | undefined> {
  const daemon = findFile(INCUSD);
  if (daemon === undefined) return undefined;
  const { stdout } = await runProgram(daemon, ['--version']);
  return /\d+(\.\d+)*/.exec(stdout)?.[0];
}

async function isSynchronised(): Promise<boolean | undefined> {
  const { ok, stdout } = await runProgram('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  return ok ? stdout.trim() === 'yes' : undefined;
}

/** Loaded, built in, or there as a module. */
function findFileSystems(): readonly string[] {
  const folder = join('/lib/modules', release());
  const modules = `${readText(join(folder, 'modules.builtin')) ?? ''}\n${readText(join(folder, 'modules.dep')) ?? ''}`;
  const loaded = (readText('/proc/filesystems') ?? '').split('\n').map((line) => line.split('\t')[1] ?? '');
  return ['btrfs', 'overlay'].filter((name) => loaded.includes(name) || new RegExp(`/${name}\\.ko`).test(modules));
}

/** Names by number, as the system's own file has them. */
const userNames = (): ReadonlyMap<number, string> =>
  new Map(
    (readText('/etc/passwd') ?? '')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length > 2)
      .map((fields) => [Number(fields[2]), fields[0]!]),
  );

function lookAtDataDir(
  { dataDir: path, isRoot, databaseUrl }: Place,
  users: ReadonlyMap<number, string>,
): DataDirFacts {
  const exists = existsSync(path);
  const parent = nearest(path);
  const disk = statfsSync(parent);
  const nameOf = (uid: number) => users.get(uid) ?? String(uid);
  const self = nameOf(isRoot ? 0 : (process.getuid?.() ?? 0));
  const wasStarted = existsSync(join(path, 'platform.id'));
  const look = (name: string, mode: string, more: Partial<EntryFacts['wanted']> = {}): EntryFacts => {
    const at = join(path, name);
    const wanted = { needed: false, mode, owner: self, ...more };
    try {
      const found = lstatSync(at);
      return {
        path: at,
        exists: true,
        mode: (found.mode & 0o7777).toString(8),
        owner: nameOf(found.uid),
        size: found.size,
        wanted,
      };
    } catch {
      return { path: at, exists: false, mode: '', owner: '', size: 0, wanted };
    }
  };
  const entries = exists
    ? [
        look('', '711'),
        look('secrets', '700', { needed: wasStarted }),
        look('secrets/master.key', '600', { needed: wasStarted, ...sizeOfKey(join(path, 'secrets/master.key')) }),
        look('secrets/database.json', '600', { needed: wasStarted }),
        look('logs', '700'),
        ...(databaseUrl === undefined ? [look('postgres', '700', { owner: isRoot ? 'postgres' : self })] : []),
      ]
    : [];
  return {
    path,
    exists,
    isRunning: isLocked(join(path, 'lock')),
    disk: {
      freeBytes: disk.bavail * disk.bsize,
      bytes: disk.blocks * disk.bsize,
      freeInodes: disk.ffree,
      inodes: disk.files,
    },
    isReadOnly: !isWritable(parent),
    entries,
    closedParents: isRoot ? closedAbove(path) : [],
  };
}

/** The length of the first key. Keys of a rotation are JSON of any length. */
function sizeOfKey(path: string): { readonly size?: number } {
  try {
    if (readFileSync(path, 'utf8').startsWith('{')) return {};
  } catch {
    // What is missing or closed is told by itself.
  }
  return { size: 32 };
}

/** The folder itself, or the first above it that exists. */
const nearest = (path: string): string => (existsSync(path) || path === dirname(path) ? path : nearest(dirname(path)));

/** What a user may not write is not read-only: only the file system's own word counts. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EROFS';
  }
}

function closedAbove(path: string): readonly string[] {
  const parents: string[] = [];
  for (let at = dirname(path); at !== dirname(at); at = dirname(at))
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) parents.push(at);
  return parents;
}

/** Whether a process holds the lock, as the kernel says. Taking it to find out could refuse a start at the same moment. */
function isLocked(path: string): boolean {
  try {
    const { ino } = statSync(path);
    return (readText('/proc/locks') ?? '')
      .split('\n')
      .some((line) => line.includes('FLOCK') && line.includes(`:${ino} `));
  } catch {
    return false;
  }
}

function findPorts(place: Place, processes: readonly SeenProcess[]): readonly PortFacts[] {
  const wanted = [
    ['CLOUD_LISTEN', portOf(place.listen)],
    ['CLOUD_AWS_LISTEN', portOf(place.awsListen)],
    ...(place.databaseUrl === undefined ? [['CLOUD_PG_PORT', place.pgPort] as const] : []),
  ] as const;
  return wanted.flatMap(([setting, port]): readonly PortFacts[] => {
    if (port === undefined) return [];
    const inodes = listenersOn(port);
    if (inodes.length === 0) return [{ setting, port, taken: 'free', by: undefined }];
    const holder = findHolder(inodes, processes);
    const isOurs = holder !== undefined && belongsTo(holder, place);
    // Who may not look at others' processes cannot tell; a platform that runs here holds its ports.
    const isLikely = holder === undefined && isLocked(join(place.dataDir, 'lock'));
    const by = holder && `process ${holder.pid} (${holder.words.slice(0, 60)})`;
    return [{ setting, port, taken: isOurs || isLikely ? 'by the platform' : 'by another', by }];
  });
}

/** The supervisor writes down the API and the worker, which do not name the data folder. */
function belongsTo({ pid, words }: SeenProcess, { dataDir }: Place): boolean {
  if (words.includes(`${dataDir}/`)) return true;
  const written = readText(join(dataDir, 'run', 'processes.json'));
  return written !== undefined && new RegExp(`"pid": ?${pid}\\b`).test(written);
}

function findNewestFile({ dataDir }: Place): Facts['newestFile'] {
  const program = process.argv[1];
  const candidates = [
    ...listNames(join(dataDir, 'logs')).map((name) => join(dataDir, 'logs', name)),
    ...listNames(dataDir).map((name) => join(dataDir, name)),
    ...(program === undefined ? [] : [program]),
  ];
  const seen = candidates.flatMap((path) => {
    try {
      return [{ path, at: statSync(path).mtimeMs }];
    } catch {
      return [];
    }
  });
  return seen.sort((one, other) => other.at - one.at)[0];
}

/** What the platform of this data folder left outside it. Names derive from its id, so that no other platform's are taken for it. */
async function findLeftovers({ dataDir }: Place, processes: readonly SeenProcess[]): Promise<readonly string[]> {
  const id = readText(join(dataDir, 'platform.id'))?.trim();
  if (!id) return [];
  const mark = createHash('sha256').update(id).digest('hex').slice(0, 8);
  const runDir = `/run/thecloud/${mark}`;
  const [tables, loops] = await Promise.all([
    runProgram('nft', ['list', 'tables']),
    runProgram('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']),
  ]);
  const mounts = (readText('/proc/self/mounts') ?? '').split('\n').map((line) => line.split(' ')[1] ?? '');
  const linesWith = (text: string, word: string) => text.split('\n').filter((line) => line.includes(word));
  return [
    ...listNames('/run/netns')
      .filter((name) => name.startsWith(`tc-${mark}-`))
      .map((name) => `network namespace ${name}`),
    ...processes
      .filter(({ words }) => words.includes(runDir) || words.includes(`i${mark}-`) || words.includes(`${dataDir}/`))
      .map(({ pid, words }) => `process ${pid} (${words.slice(0, 60)})`),
    ...mounts
      .filter((path) => path.startsWith(`${runDir}/`) || path.startsWith(`${dataDir}/`))
      .map((path) => `mount ${path}`),
    ...listNames('/sys/class/net')
      .filter((name) => name === `tcx${mark}`)
      .map((name) => `link ${name}`),
    ...linesWith(tables.stdout, `thecloud_${mark}`).map((line) => `firewall ${line.trim()}`),
    ...linesWith(loops.stdout, `${dataDir}/`).map((line) => `loop device ${line.trim().split(/\s+/)[0]}`),
  ];
}
