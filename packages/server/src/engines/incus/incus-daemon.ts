import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineError } from '../../kernel/engine-error.ts';
import { findIncusd } from '../availability.ts';
import { readLinks } from '../linux-network/links.ts';
import {
  ensureCloudNamespace,
  hasNamespace,
  isPinnedNamespace,
  namespacePath,
  removeNamespace,
} from '../linux-network/namespaces.ts';
import { type PlatformNames, platformNames } from '../names.ts';
import { endProcess, isAlive, lookAtProcess, type ProcessIdentity, readArguments, sleep } from '../processes.ts';
import { PLAIN_ENVIRONMENT } from '../run-command.ts';
import { removeRunFolder } from '../run-folder.ts';
import { claimSlot, releaseSlot } from '../slots.ts';
import { withFilter } from './compat-filter.ts';
import { IncusClient, IncusError } from './incus-client.ts';
import { endInstanceProcesses, stopAllInstances } from './instance-processes.ts';
import { raiseKernelBudgets } from './kernel-budgets.ts';
import { ensureMountNamespace, listMountNamespaceProcesses, removeMountNamespace } from './mount-namespace.ts';
import { ensurePool, keepMetadataSingle } from './storage-pool.ts';
import { COMPAT_FILTER } from './syscalls.ts';

export { findIncusd };

export interface IncusDaemonOptions {
  /** The platform's data folder, absolute; Incus lives in its subfolder `incus`. At most 80 characters (unix sockets). */
  readonly dataDir: string;
  readonly platformId: string;
  /** GiB of the pool's loop file when it is made; default: three quarters of what is free, at least 5. Later changes have no effect. */
  readonly poolGb?: number;
  /** Told what takes its time. */
  readonly onProgress?: (line: string) => void;
}

export interface IncusDaemon {
  readonly socketPath: string;
  readonly incusDir: string;
  readonly pid: number;
  /** True where a living incusd of an earlier start was taken over. */
  readonly adopted: boolean;
  /** Resolves when incusd ended, for whatever reason. The instances run on; start again to take them over. */
  readonly ended: Promise<void>;
  /** Ends incusd alone. The instances run on. */
  end(): Promise<void>;
  /** Stops all instances (cleanly within `graceMs` each, 10 s by default), incusd, and takes its mounts and namespace away. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
/** Milliseconds for incusd to end by itself. */
const END_MS = 20_000;

export const incusDirOf = (dataDir: string): string => `${dataDir}/incus`;
export const incusSocketOf = (dataDir: string): string => `${incusDirOf(dataDir)}/unix.socket`;

/**
 * Starts the platform's own incusd, or takes over the one that runs, and returns when it is ready.
 *
 * It never uses an Incus that the host runs otherwise: the VPCs' bridges are in our namespace. Instances survive the end of incusd and
 * of this process; only the data folder survives a reboot, and everything else is recreated from it. Throws EngineError.
 */
export async function startIncusDaemon(options: IncusDaemonOptions): Promise<IncusDaemon> {
  if (Buffer.byteLength(options.dataDir) > 80) {
    throw new EngineError(
      'invalid',
      `the data folder's path is too long for unix sockets (at most 80 bytes): ${options.dataDir}`,
    );
  }
  const names = platformNames(options.platformId);
  const incusDir = incusDirOf(options.dataDir);
  await mkdir(incusDir, { recursive: true, mode: 0o711 });
  await openPath(options.dataDir);
  const client = new IncusClient(incusSocketOf(options.dataDir));
  try {
    const living = await findDaemon(options.dataDir);
    await prepareHost(names, options.dataDir, incusDir, living, options.onProgress);
    const adopted = living !== undefined && (await isFiltered(living.pid)) && (await answers(client));
    // One that lives but does not answer within its time is of no use, nor is an earlier version's without the filter; the instances need neither.
    if (living !== undefined && !adopted) await endProcess(living, 5_000);
    const daemon = adopted ? living : await launch(names, options, incusDir);
    await waitReady(client, daemon, incusDir);
    await configure(client, options, daemon.pid);
    await keepMetadataSingle(options.dataDir, names.mountPin).catch((error: unknown) =>
      // A full pool cannot be rewritten now; a later start does it.
      options.onProgress?.(`the storage pool keeps its metadata twice for now: ${String(error)}`),
    );
    return {
      socketPath: client.socketPath,
      incusDir,
      pid: daemon.pid,
      adopted,
      ended: watchEnd(daemon),
      end: () => endProcess(daemon, END_MS),
      stop: async (stopOptions) => stopDaemon(options, stopOptions?.graceMs ?? 10_000),
    };
  } finally {
    await client.close();
  }
}

/** Stops what a platform's daemon left or has running, also after another process started it. Nothing happens when nothing runs. */
export async function stopDaemon(
  options: Pick<IncusDaemonOptions, 'dataDir' | 'platformId'>,
  graceMs: number,
): Promise<void> {
  const names = platformNames(options.platformId);
  const living = await findDaemon(options.dataDir);
  if (living !== undefined) {
    const client = new IncusClient(incusSocketOf(options.dataDir));
    try {
      if (await answers(client)) await stopAllInstances(client, incusDirOf(options.dataDir), graceMs);
    } finally {
      await client.close();
    }
    await endProcess(living, END_MS);
  }
  await endInstanceProcesses(names);
  for (const pid of await listMountNamespaceProcesses(names)) {
    const found = await lookAtProcess(pid);
    if (found !== undefined) await endProcess(found, 1_000);
  }
  await removeMountNamespace(names, incusDirOf(options.dataDir));
  await rm(pidFileOf(options.dataDir), { force: true });
  await releaseSlot(names);
  // Bridges in it are the network engine's, and so is the namespace then.
  const links = await readLinks(names.cloudNamespace);
  if (links !== undefined && [...links.keys()].every((link) => link === 'lo'))
    await removeNamespace(names.cloudNamespace);
  await removeRunFolder(names);
}

/** The root of an instance is a stranger to the host: every folder above its files must let strangers pass (not read). */
async function openPath(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir);
  if ((mode & 0o011) !== 0o011) await chmod(dataDir, (mode & 0o7777) | 0o011);
  for (let folder = dirname(dataDir); folder !== '/'; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) {
      throw new EngineError(
        'invalid',
        `instances cannot live below ${folder}: other users cannot traverse it. Choose another data folder, or run: chmod o+x ${folder}`,
      );
    }
  }
}

async function prepareHost(
  names: PlatformNames,
  dataDir: string,
  incusDir: string,
  living: ProcessIdentity | undefined,
  onProgress: ((line: string) => void) | undefined,
): Promise<void> {
  if (
    living === undefined &&
    !(await hasNamespace(names.cloudNamespace)) &&
    (await isPinnedNamespace(names.mountPin))
  ) {
    // The mount namespace shows the links of a network namespace that is gone: remove the rest of both, then create both.
    await endInstanceProcesses(names);
    await removeMountNamespace(names, incusDir);
  }
  await raiseKernelBudgets(onProgress);
  await ensureCloudNamespace(names, living?.pid);
  const slotFile = `${dataDir}/slot`;
  const before = Number(await readFile(slotFile, 'utf8').catch(() => '0'));
  const slot = await claimSlot(names, Number.isSafeInteger(before) && before >= 0 ? before : 0);
  if (slot !== before) await writeFile(slotFile, String(slot));
  await ensureMountNamespace(names, dataDir, slot, living?.pid);
}

async function launch(names: PlatformNames, options: IncusDaemonOptions, incusDir: string): Promise<ProcessIdentity> {
  const binary = await findIncusd();
  if (binary === undefined) throw new EngineError('unavailable', 'incusd is not installed: apt-get install incus-base');
  options.onProgress?.('starting incusd');
  await rm(incusSocketOf(options.dataDir), { force: true });
  const output = openSync(`${options.dataDir}/incusd.out`, 'a', 0o600);
  try {
    const child = spawn(
      'nsenter',
      [
        `--net=${namespacePath(names.cloudNamespace)}`,
        `--mount=${names.mountPin}`,
        '--',
        ...withFilter(COMPAT_FILTER),
        binary,
        '--group',
        'root',
        '--logfile',
        `${options.dataDir}/incusd.log`,
      ],
      // A session of its own: Ctrl-C at the supervisor's terminal must not reach it.
      { detached: true, stdio: ['ignore', output, output], env: { ...PLAIN_ENVIRONMENT, INCUS_DIR: incusDir } },
    );
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    child.unref();
    const pid = child.pid ?? (await failed);
    failed.catch(() => undefined);
    const identity = await lookAtProcess(pid);
    if (identity === undefined)
      throw new EngineError('failed', `incusd ended at once, see ${options.dataDir}/incusd.out`);
    await writeFile(pidFileOf(options.dataDir), `${identity.pid} ${identity.startTime}\n`, { mode: 0o600 });
    return identity;
  } finally {
    closeSync(output);
  }
}

const pidFileOf = (dataDir: string): string => `${dataDir}/incusd.pid`;

/** The living incusd that the pid file names. A number that another program has by now is not taken for it. */
export async function findDaemon(dataDir: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(pidFileOf(dataDir), 'utf8').catch(() => '');
  const [pid, startTime] = text.trim().split(' ');
  if (pid === undefined || startTime === undefined) return undefined;
  const identity = { pid: Number(pid), startTime };
  if (!(await isAlive(identity))) return undefined;
  return (await readArguments(identity.pid)).includes(`${dataDir}/incusd.log`) ? identity : undefined;
}

/** Whether it has the filter that it hands down: see compat-filter.ts. */
const isFiltered = async (pid: number): Promise<boolean> =>
  withFilter(COMPAT_FILTER).length === 0 ||
  /^Seccomp:\s+2$/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));

async function answers(client: IncusClient): Promise<boolean> {
  return client.call('GET', '/1.0', { timeoutMs: 5_000 }).then(
    () => true,
    () => false,
  );
}

async function waitReady(client: IncusClient, daemon: ProcessIdentity, incusDir: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      await client.call('GET', '/internal/ready', { timeoutMs: 5_000 });
      return;
    } catch (cause) {
      if (!(cause instanceof IncusError)) throw cause;
      if (!(await isAlive(daemon))) {
        throw new EngineError(
          'failed',
          `incusd exited during its start; see incusd.out and incusd.log beside ${incusDir}`,
          { cause },
        );
      }
      if (performance.now() > deadline) {
        throw new EngineError('timeout', `incusd was not ready within ${READY_TIMEOUT_MS / 1000} s`, { cause });
      }
    }
    await sleep(25);
  }
}

async function configure(client: IncusClient, options: IncusDaemonOptions, incusd: number): Promise<void> {
  // Our images are our own: Incus never looks for newer ones outside.
  await client.call('PATCH', '/1.0', { body: { config: { 'images.auto_update_interval': '0' } } });
  await ensurePool(client, { ...options, incusDir: incusDirOf(options.dataDir), incusd });
}

async function watchEnd(daemon: ProcessIdentity): Promise<void> {
  // Not our child where it was adopted, so its end is seen by looking; 4 looks a second at one small file.
  while (await isAlive(daemon)) {
    await new Promise<void>((resolve) => setTimeout(resolve, 250).unref());
  }
}
