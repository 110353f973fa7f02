import { readdir, readFile, rmdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import type { PlatformNames } from '../names.ts';
import { lookAtProcess, sendSignal, waitUntil } from '../processes.ts';
import { cgroupRoots } from './cgroups.ts';
import type { IncusClient, IncusInstance } from './incus-client.ts';
import { IncusError } from './incus-client.ts';
import { killOnce, killProcesses, listPayloads } from './kill-processes.ts';
import { logFolderOf, markAsked } from './run-record.ts';

/** How many instances are stopped at once. */
const STOP_WIDTH = 8;

/** Asks every running instance of the daemon to stop within `graceMs`, then by force. Who calls it kills what is left. */
export async function stopAllInstances(client: IncusClient, incusDir: string, graceMs: number): Promise<void> {
  const instances = await client.list<IncusInstance>('/1.0/instances', {
    query: { 'all-projects': 'true' },
    timeoutMs: 60_000,
  });
  const running = instances.filter((instance) => instance.status !== 'Stopped');
  const next = running.values();
  const lane = async (): Promise<void> => {
    for (const instance of next) {
      // One that refuses must not keep the others from their clean stop: whatever is left is killed right after.
      await stopInstance(client, incusDir, instance, graceMs).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: STOP_WIDTH }, lane));
}

/** Seconds for Incus to stop an instance by force. */
const FORCE_S = 20;
/** Milliseconds after which the platform kills by itself what Incus has not stopped: most end sooner. */
const KILL_AFTER_MS = 1_000;

/**
 * Stops one instance: cleanly within `graceMs` (whole seconds, rounded up; 0: not at all), then by force. Throws EngineError `stuck` if
 * some of its processes do not end.
 */
export async function stopInstance(
  client: IncusClient,
  incusDir: string,
  { project, name }: Pick<IncusInstance, 'project' | 'name'>,
  graceMs: number,
  signal?: AbortSignal,
): Promise<void> {
  // For good: also where the call fails, what was asked for may go on.
  await markAsked(logFolderOf(incusDir, project, name));
  const stop = (seconds: number, force: boolean) =>
    client.run('PUT', `/1.0/instances/${name}/state`, {
      project,
      body: { action: 'stop', timeout: seconds, force },
      timeoutMs: (seconds + 10) * 1000,
      signal,
    });
  const seconds = Math.ceil(graceMs / 1000);
  if (seconds > 0) {
    const stopped = await stop(seconds, false).then(
      () => true,
      (error: unknown) => isStopped(error) || refuse(error),
    );
    if (stopped) return;
  }
  const ended = new AbortController();
  const stopping = stop(FORCE_S, true)
    .catch((error: unknown) => {
      if (!isStopped(error)) throw error;
    })
    .finally(() => ended.abort(new Error('the instance has stopped')));
  stopping.catch(() => undefined);
  // Whatever does not end keeps Incus waiting, and says more than Incus does.
  await Promise.race([stopping, killWhenLate(`${project}_${name}`, ended.signal)]);
  await stopping;
}

/** Until the signal, which ends it without an error. */
async function killWhenLate(cgroup: string, ended: AbortSignal): Promise<void> {
  try {
    await pause(KILL_AFTER_MS, undefined, { signal: ended });
    await killProcesses(cgroup, ended);
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}

/** False where force may help: it did not stop in time. Everything else is the caller's to see. */
function refuse(error: unknown): false {
  if (error instanceof IncusError && error.kind !== 'unavailable' && error.code !== 503) return false;
  throw error;
}

const isStopped = (error: unknown): boolean =>
  error instanceof IncusError &&
  (error.code === 404 || error.kind === 'not_found' || /already stopped|is not running/i.test(error.message));

/** Cgroups of the platform's instances, all hierarchies of v1 and v2: LXC names them after project and instance. */
export async function listInstanceCgroups(names: PlatformNames): Promise<string[]> {
  const found: string[] = [];
  for (const root of await cgroupRoots()) {
    for (const name of await readdir(root).catch(() => []))
      if (isOfPlatform(names, name)) found.push(`${root}/${name}`);
  }
  return found;
}

const isOfPlatform = (names: PlatformNames, folder: string): boolean =>
  new RegExp(`^lxc\\.[a-z]+\\..*_i${names.mark}-`).test(folder);

/** Kills what runs in the cgroups of the platform's instances (their monitors too) and removes the empty cgroups. */
export async function endInstanceProcesses(names: PlatformNames): Promise<void> {
  const isPayload = (folder: string): boolean => folder.startsWith('lxc.payload.') && isOfPlatform(names, folder);
  const kill = async (): Promise<boolean> => {
    const inside = await killOnce(await listPayloads(isPayload));
    const pids = await instancePids(names);
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
    return pids.length === 0 && inside.length === 0;
  };
  if (!(await waitUntil(kill, 10_000, 50)))
    throw new EngineError('stuck', 'processes of instances do not end by SIGKILL');
  for (const cgroup of await listInstanceCgroups(names)) await removeCgroup(cgroup);
}

/** Living processes in the platform's instances, monitors included. */
export async function instancePids(names: PlatformNames): Promise<number[]> {
  const pids = new Set<number>();
  for (const cgroup of await listInstanceCgroups(names)) {
    for (const folder of [cgroup, ...(await subfolders(cgroup))]) {
      const text = await readFile(`${folder}/cgroup.procs`, 'utf8').catch(() => '');
      for (const line of text.split('\n')) if (Number(line) > 0) pids.add(Number(line));
    }
  }
  const living: number[] = [];
  for (const pid of pids) if ((await lookAtProcess(pid)) !== undefined) living.push(pid);
  return living;
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${entry.parentPath}/${entry.name}`);
}

/** Removes a cgroup with those below it, as far as nothing runs in them. */
export async function removeCgroup(cgroup: string): Promise<void> {
  // Deepest first; one that is still in use stays, and shows up as a leftover.
  for (const folder of [...(await subfolders(cgroup)).reverse(), cgroup]) await rmdir(folder).catch(() => undefined);
}
