import { readFile } from 'node:fs/promises';
import { listProcesses, readArguments } from '../processes.ts';

/**
 * Bytes of memory that incusd may have. It begins with 60 MiB. liblxc (5.0.2, in Incus 6.0.4) leaves some 360 KiB behind in it for each instance that
 * is started and deleted, outside of what Go manages, so that this is more than a thousand of them.
 */
const MOST = 512 * 1024 * 1024;

/**
 * Whether incusd is to be ended and started again, which instances outlive. Commands and terminals do not: while there are any, it may have twice
 * as much.
 */
export async function hasOutgrown(pid: number, incusDir: string, most = MOST): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const bytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  if (bytes <= most) return false;
  return bytes > most * 2 || !(await runsCommands(incusDir));
}

/** Incus runs each command by a process of its own, whose words have the instance's configuration. */
async function runsCommands(incusDir: string): Promise<boolean> {
  for (const pid of await listProcesses()) {
    const [, verb, ...words] = await readArguments(pid);
    if (verb === 'forkexec' && words.some((word) => word.startsWith(`${incusDir}/`))) return true;
  }
  return false;
}
