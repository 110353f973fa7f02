import { open, readdir, readFile } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { sendSignal, sleep } from '../processes.ts';
import { cgroupRoots } from './cgroups.ts';

/**
 * The variable that every command carries, and all that it starts inherit. A command run without a terminal has neither a session nor a
 * process group of its own, so nothing else tells its processes from those of another command once their parents have ended.
 */
export const COMMAND_MARK = 'THECLOUD_COMMAND_ID';

/** Milliseconds until what was killed must be gone. */
const GONE_MS = 5_000;
/** Milliseconds between two looks. */
const LOOK_MS = 20;
/** Bytes of a process's variables that are read: what the kernel takes at a start, with the usual limit of its stack (8 MiB, of which a quarter). */
const MOST_VARIABLES = 2 * 1024 ** 2;
/** Processes whose variables are read at once. A thousand forks share their 2 MiB; a reader of all at once would hold 2 GiB. */
const READERS = 8;

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/**
 * Kills a command with everything that it started in its instance: what carries its mark, their descendants, and the members of their
 * process groups and sessions. `cgroup` is the instance's name in LXC's cgroups; `isOver` says that the command itself has ended, so that
 * nothing can begin any more. Throws EngineError when they do not end within 5 s.
 */
export async function killCommand(cgroup: string, id: string, isOver: () => boolean): Promise<void> {
  const known = new Set<number>();
  const deadline = performance.now() + GONE_MS;
  for (;;) {
    const wasOver = isOver();
    const found = await findProcesses(cgroup, id, known);
    for (const { pid } of found) sendSignal(pid, 'SIGKILL');
    if (found.length === 0 && wasOver) return;
    if (performance.now() > deadline)
      throw new EngineError('failed', `${found.length} processes of a command do not end by SIGKILL`);
    await sleep(LOOK_MS);
  }
}

async function findProcesses(cgroup: string, id: string, known: Set<number>): Promise<readonly Seen[]> {
  const living = await livingIn(cgroup);
  const numbers = new Set(living.map(({ pid }) => pid));
  const marked = await findMarked([...numbers], id);
  // A number that was freed may be another's soon.
  for (const pid of known) if (!numbers.has(pid)) known.delete(pid);
  for (const pid of marked) known.add(pid);
  let before = -1;
  while (known.size > before) {
    before = known.size;
    for (const { pid, parent, group, session } of living)
      if (known.has(parent) || known.has(group) || known.has(session)) known.add(pid);
  }
  return living.filter(({ pid }) => known.has(pid));
}

/** Which of the processes carry a command's mark. */
export async function findMarked(pids: readonly number[], id: string): Promise<readonly number[]> {
  const found: number[] = [];
  const next = pids.values();
  const lane = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(MOST_VARIABLES);
    for (const pid of next) if (await isMarked(pid, id, buffer)) found.push(pid);
  };
  await Promise.all(Array.from({ length: Math.min(READERS, pids.length) }, lane));
  return found;
}

/** One that is gone carries none. */
async function isMarked(pid: number, id: string, buffer: Buffer): Promise<boolean> {
  const handle = await open(`/proc/${pid}/environ`).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    let size = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, size, buffer.length - size, size);
      size += bytesRead;
      if (bytesRead === 0 || size === buffer.length) break;
    }
    // Nothing but the command and what it started knows the id.
    return buffer.subarray(0, size).includes(`${COMMAND_MARK}=${id}\0`);
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

/** Numbers are the host's. */
async function livingIn(cgroup: string): Promise<readonly Seen[]> {
  const pids = new Set<number>();
  for (const root of await cgroupRoots()) await addPids(`${root}/lxc.payload.${cgroup}`, pids);
  const seen = await Promise.all([...pids].map(lookAt));
  return seen.filter((one) => one !== undefined);
}

async function addPids(folder: string, pids: Set<number>): Promise<void> {
  const text = await readFile(`${folder}/cgroup.procs`, 'utf8').catch(() => '');
  for (const line of text.split('\n')) if (Number(line) > 0) pids.add(Number(line));
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await addPids(`${folder}/${entry.name}`, pids);
}

/** Undefined where it is gone or a zombie. */
async function lookAt(pid: number): Promise<Seen | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the name in parentheses and may hold spaces.
  const [state, ...numbers] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!state || state === 'Z' || state === 'X') return undefined;
  const [parent = 0, group = 0, session = 0] = numbers.map(Number);
  return { pid, parent, group, session };
}
