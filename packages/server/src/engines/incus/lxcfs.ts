import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { fileExists } from '../files.ts';
import { isPinnedNamespace } from '../linux-network/namespaces.ts';
import { type PlatformNames, platformNames } from '../names.ts';
import { endProcess, isAlive, lookAtProcess, type ProcessIdentity, readArguments, sleep } from '../processes.ts';
import { PLAIN_ENVIRONMENT, runCommand } from '../run-command.ts';
import { instancePids } from './instance-processes.ts';

/**
 * lxcfs shows an instance its own memory, processors, load and uptime in files of /proc and /sys, where the kernel has the host's. LXC's
 * hook (of Debian's package) mounts them into each instance that starts while lxcfs runs; its path is built into the hook. Ours runs in the
 * mount namespace of the platform, so an lxcfs of the host is not touched, and goes with that namespace.
 */
const MOUNT = '/var/lib/lxcfs';
const HOOK = '/usr/share/lxcfs/lxc.mount.hook';
const PROGRAM = '/usr/bin/lxcfs';

/** Milliseconds until its files can be read. */
const READY_MS = 5_000;
/** Milliseconds between two looks at whether it lives. */
const LOOK_MS = 500;
/** Milliseconds that one instance may take: its mounts are its tenant's to arrange. */
const REPAIR_MS = 5_000;

export interface LxcfsOptions {
  /** The platform's data folder, absolute. */
  readonly dataDir: string;
  readonly platformId: string;
}

export interface Lxcfs {
  readonly pid: number;
  /** Resolves when it has ended: what it showed in running instances then fails, until the next start. */
  readonly ended: Promise<void>;
  /** Running instances whose files could not be brought back. */
  readonly failed: readonly number[];
}

/** Whether the machine has lxcfs and LXC's hook for it. */
export const hasLxcfs = async (): Promise<boolean> => (await fileExists(PROGRAM)) && (await fileExists(HOOK));

/**
 * Starts the platform's lxcfs, or takes over the one that runs, and gives running instances its files in place of those of one that died.
 * The mount namespace of incusd must be there. It ends with `stopDaemon`. Throws EngineError.
 */
export function startLxcfs(options: LxcfsOptions): Promise<Lxcfs> {
  const underWay = starts.get(options.dataDir);
  if (underWay !== undefined) return underWay;
  const start = begin(options).finally(() => starts.delete(options.dataDir));
  starts.set(options.dataDir, start);
  return start;
}

/** By data folder: two who start it at once get the same one. */
const starts = new Map<string, Promise<Lxcfs>>();

async function begin({ dataDir, platformId }: LxcfsOptions): Promise<Lxcfs> {
  const names = platformNames(platformId);
  if (!(await isPinnedNamespace(names.mountPin)))
    throw new EngineError('unavailable', 'lxcfs waits for Incus, which is not running');
  const pidFile = `${dataDir}/lxcfs.pid`;
  let identity = await findLiving(pidFile, dataDir);
  if (identity === undefined || !(await isReadable(names))) {
    if (identity !== undefined) await endProcess(identity, 1_000);
    identity = await launch(names, dataDir);
    await writeFile(pidFile, `${identity.pid} ${identity.startTime}\n`, { mode: 0o600 });
  }
  return { pid: identity.pid, ended: watchEnd(identity), failed: await repairInstances(names) };
}

async function launch(names: PlatformNames, dataDir: string): Promise<ProcessIdentity> {
  // A mount whose process died answers nothing but this error.
  while (await isDead(names)) await inNamespace(names, 'umount', ['--lazy', MOUNT]);
  await rm(`${dataDir}/lxcfs.lock`, { force: true });
  const output = openSync(`${dataDir}/lxcfs.out`, 'w', 0o600);
  try {
    const words = ['--foreground', '--enable-cfs', '--enable-loadavg', '--pidfile', `${dataDir}/lxcfs.lock`, MOUNT];
    // A session of its own, as incusd has: instances, which need it, outlive the supervisor.
    const child = spawn('nsenter', [`--mount=${names.mountPin}`, '--', PROGRAM, ...words], {
      detached: true,
      stdio: ['ignore', output, output],
      env: PLAIN_ENVIRONMENT,
    });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    child.unref();
    const pid = child.pid ?? (await failed);
    failed.catch(() => undefined);
    const deadline = performance.now() + READY_MS;
    for (;;) {
      const identity = await lookAtProcess(pid);
      if (identity === undefined) throw new EngineError('failed', `lxcfs ended at once, see ${dataDir}/lxcfs.out`);
      if (await isReadable(names)) return identity;
      if (performance.now() > deadline) {
        await endProcess(identity, 0);
        throw new EngineError('timeout', `lxcfs was not ready within ${READY_MS / 1000} s, see ${dataDir}/lxcfs.out`);
      }
      await sleep(20);
    }
  } finally {
    closeSync(output);
  }
}

/** The living lxcfs that the pid file names. */
async function findLiving(pidFile: string, dataDir: string): Promise<ProcessIdentity | undefined> {
  const [pid, startTime] = (await readFile(pidFile, 'utf8').catch(() => '')).trim().split(' ');
  if (pid === undefined || startTime === undefined) return undefined;
  const identity = { pid: Number(pid), startTime };
  if (!(await isAlive(identity))) return undefined;
  return (await readArguments(identity.pid)).includes(`${dataDir}/lxcfs.lock`) ? identity : undefined;
}

const inNamespace = (names: PlatformNames, program: string, words: readonly string[], okCodes = [0]) =>
  runCommand('nsenter', [`--mount=${names.mountPin}`, '--', program, ...words], { okCodes });

const isDead = async (names: PlatformNames): Promise<boolean> =>
  /endpoint is not connected/i.test((await inNamespace(names, 'stat', [`${MOUNT}/proc`], [0, 1])).stderr);

const isReadable = async (names: PlatformNames): Promise<boolean> =>
  (await inNamespace(names, 'head', ['-n', '1', `${MOUNT}/proc/meminfo`], [0, 1])).code === 0 &&
  (await deviceOf(names)) !== undefined;

/** Number of the file system that lies on top at the mount point, in the platform's namespace. */
async function deviceOf(names: PlatformNames): Promise<string | undefined> {
  const { stdout } = await inNamespace(names, 'cat', ['/proc/self/mountinfo']);
  return lxcfsMounts(stdout).findLast((mount) => mount.path === MOUNT)?.device;
}

interface Mount {
  readonly device: string;
  readonly path: string;
}

/** Pure: mounts of an lxcfs among the lines of a mountinfo. */
export const lxcfsMounts = (mountinfo: string): readonly Mount[] =>
  mountinfo
    .split('\n')
    .filter((line) => line.includes(' - fuse.lxcfs '))
    .map((line) => line.split(' '))
    .map(([, , device = '', , path = '']) => ({ device, path }));

/** Files that an instance has of lxcfs. A tenant may have mounted something of that type elsewhere. */
const SHOWN = /^\/(proc\/[a-z]+|sys\/devices\/system\/cpu)$/;

/** Numbers of the system calls that perl has no function for. */
const CALLS: Readonly<Record<string, readonly [setns: number, umount2: number]>> = {
  x64: [308, 166],
  arm64: [268, 39],
};

/**
 * Puts the living files where those of a dead lxcfs are, in one instance's mount namespace. System calls and no programs: after setns every
 * path, also that of a program, is the tenant's. What it unmounts and mounts there is in that namespace only. Where no lxcfs lives the
 * kernel's own files come to light.
 */
const REPAIR = `
my ($setns, $umount2, $pid, $source, @paths) = @ARGV;
# As numbers: perl hands texts over as addresses.
$_ += 0 for $setns, $umount2;
my ($open_tree, $move_mount, $here) = (428, 429, -100);
my %trees;
for my $path (@paths) {
  my $from = "$source$path";
  my $tree = syscall($open_tree, $here, $from, 1 | 02000000);
  $trees{$path} = $tree if $tree >= 0;
}
open(my $ns, '<', "/proc/$pid/ns/mnt") or exit 0;
syscall($setns, fileno($ns), 0x20000) == 0 or die "setns: $!";
chdir '/';
my $empty = '';
for my $path (@paths) {
  my $to = $path;
  syscall($umount2, $to, 2 | 8) == 0 or die "umount $path: $!";
  next unless exists $trees{$path};
  syscall($move_mount, $trees{$path}, $empty, $here, $to, 4) == 0 or die "mount $path: $!";
}
`;

/** Answers the processes 1 of the instances where it failed. */
async function repairInstances(names: PlatformNames): Promise<readonly number[]> {
  const device = await deviceOf(names);
  const calls = CALLS[process.arch];
  const failed: number[] = [];
  for (const pid of await firstProcesses(names)) {
    const mounts = lxcfsMounts(await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => ''));
    const stale = mounts.filter((mount) => SHOWN.test(mount.path) && mount.device !== device).map(({ path }) => path);
    if (stale.length === 0) continue;
    const words = ['-e', REPAIR, ...(calls ?? []).map(String), String(pid), MOUNT, ...stale];
    const repair = runCommand('nsenter', [`--mount=${names.mountPin}`, '--', 'perl', ...words], {
      timeoutMs: REPAIR_MS,
    });
    if (calls === undefined || !(await repair.then(isDone, isNotDone))) failed.push(pid);
  }
  return failed;
}

const isDone = (): boolean => true;
const isNotDone = (): boolean => false;

/** Processes 1 of the platform's running instances, by the host's numbers. */
async function firstProcesses(names: PlatformNames): Promise<readonly number[]> {
  const pids = await instancePids(names);
  const isFirst = async (pid: number): Promise<boolean> =>
    /^NSpid:\s+\d+\s+1$/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
  const first = await Promise.all(pids.map(isFirst));
  return pids.filter((_, place) => first[place]);
}

async function watchEnd(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS).unref());
}
