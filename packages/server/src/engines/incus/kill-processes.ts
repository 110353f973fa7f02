import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { listProcesses, lookAtProcess, sendSignal, sleep } from '../processes.ts';
import { cgroupRoots } from './cgroups.ts';

/** Every instance has this many user ids, which no other has (`security.idmap.isolated`). */
const IDS = 65_536;
/** Milliseconds until every process of an instance must have ended; freeing its memory takes some of them. */
const KILLED_MS = 5_000;
const LOOK_MS = 100;
/** How many processes that do not end are named. */
const MOST_NAMED = 5;

/**
 * Kills all processes of an instance, however they refuse: what is stopped or traced, forks faster than it is killed, or is frozen by a
 * freezer cgroup that it made itself, on cgroups of version 1. `name` is the instance's in LXC's cgroups. Throws EngineError `stuck`, with
 * what the kernel says about those that are left, if some do not end within 5 s.
 *
 * They are found by their user ids: a path of cgroups can be made longer than the kernel will tell, and a namespace can be left behind.
 */
export async function killProcesses(name: string, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + KILLED_MS;
  for (;;) {
    signal?.throwIfAborted();
    const living = await killOnce(await findPayloads(name));
    if (living.length === 0) return;
    if (performance.now() > deadline) throw await explain(name, living);
    await sleep(LOOK_MS);
  }
}

/** Kills what runs in these cgroups, once. Returns what was there. */
export async function killOnce(payloads: readonly Payload[]): Promise<readonly number[]> {
  const bases = new Set(payloads.map(({ base }) => base));
  if (bases.size === 0) return [];
  const pids = await findByUser((user) => [...bases].some((base) => user >= base && user < base + IDS));
  await Promise.all(payloads.map((payload) => release(payload, pids)));
  for (const pid of pids) sendSignal(pid, 'SIGKILL');
  return pids;
}

/** An instance's cgroup in one hierarchy. */
export interface Payload {
  readonly folder: string;
  /** Its first user id on the host. */
  readonly base: number;
}

/** In all hierarchies. LXC numbers them if one of that name is there already. */
async function findPayloads(name: string): Promise<readonly Payload[]> {
  const prefix = `lxc.payload.${name}`;
  return listPayloads(
    (folder) => folder === prefix || (/^-\d+$/.test(folder.slice(prefix.length)) && folder.startsWith(prefix)),
  );
}

export async function listPayloads(isWanted: (folder: string) => boolean): Promise<readonly Payload[]> {
  const found: Payload[] = [];
  for (const root of await cgroupRoots()) {
    for (const name of await readdir(root).catch(() => []))
      if (isWanted(name)) {
        const folder = `${root}/${name}`;
        // LXC gives it to the group of the instance's root.
        const base = await stat(folder).then(
          ({ gid }) => gid,
          () => 0,
        );
        // Below are the host's own users: nothing of LXC's doing.
        if (base >= IDS) found.push({ folder, base });
      }
  }
  return found;
}

/** Lets the dead die. Each hierarchy has some of these files, and what is gone needs nothing. */
async function release({ folder }: Payload, pids: readonly number[]): Promise<void> {
  // Version 2: all below it, at once, frozen or not.
  await write(`${folder}/cgroup.kill`, '1');
  // Version 1: a process that is moved to a cgroup that is not frozen thaws. Its instance cannot freeze this one.
  if (!(await write(`${folder}/freezer.state`, 'THAWED'))) return;
  for (const pid of pids) await write(`${folder}/cgroup.procs`, String(pid));
}

const write = (file: string, text: string): Promise<boolean> =>
  writeFile(file, text, { flag: 'r+' }).then(
    () => true,
    () => false,
  );

/** Zombies are none, but for those whose other threads live. */
async function findByUser(isWanted: (user: number) => boolean): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of await listProcesses()) {
    // Of the folder it is the effective user, whether the process may be looked at or not.
    const user = await stat(`/proc/${pid}`).then(
      ({ uid }) => uid,
      () => -1,
    );
    if (isWanted(user) && ((await lookAtProcess(pid)) !== undefined || (await hasThreads(pid)))) found.push(pid);
  }
  return found;
}

const hasThreads = (pid: number): Promise<boolean> =>
  readdir(`/proc/${pid}/task`).then(
    (threads) => threads.length > 1,
    () => false,
  );

async function explain(name: string, living: readonly number[]): Promise<EngineError> {
  const words = await Promise.all(living.slice(0, MOST_NAMED).map(describe));
  return new EngineError(
    'stuck',
    `${living.length} processes of the machine ${name} do not end by SIGKILL within ${KILLED_MS} ms: ${words.join(', ')}`,
  );
}

/** A process, its state and where in the kernel it waits; not its words, which are the tenant's. */
async function describe(pid: number): Promise<string> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const [status, where] = await Promise.all([read('status'), read('wchan')]);
  return `${pid} (${/^State:\s*(\S)/m.exec(status)?.[1] ?? 'gone'}, ${where === '' || where === '0' ? 'nowhere' : where})`;
}
