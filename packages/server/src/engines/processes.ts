import { readdir, readFile } from 'node:fs/promises';

/** A process that a pid file names: the start time tells it from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

/** Undefined where the process is gone or a zombie (where PID 1 reaps late, the dead stay in /proc for a while). */
export async function lookAtProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field is the name in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X' || fields[19] === undefined) return undefined;
  return { pid, startTime: fields[19] };
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await lookAtProcess(process.pid))?.startTime === process.startTime;
}

/** Sends a signal; false when there is no such process any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again every `stepMs` until `check` holds; false when it did not within `timeoutMs`. */
export async function waitUntil(check: () => Promise<boolean>, timeoutMs: number, stepMs = 20): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await check()) return true;
    if (performance.now() >= deadline) return false;
    await sleep(stepMs);
  }
}

/** Ends a process: SIGTERM (or `first`), then SIGKILL after `graceMs`. Returns when it is gone; throws when even that did not help. */
export async function endProcess(
  target: ProcessIdentity,
  graceMs: number,
  first: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  if (!(await isAlive(target))) return;
  sendSignal(target.pid, first);
  const gone = async (): Promise<boolean> => !(await isAlive(target));
  if (await waitUntil(gone, graceMs)) return;
  sendSignal(target.pid, 'SIGKILL');
  if (!(await waitUntil(gone, 5_000))) throw new Error(`process ${target.pid} does not end, not even by SIGKILL`);
}

/** Numbers of all processes. */
export async function listProcesses(): Promise<number[]> {
  const names = await readdir('/proc');
  return names.filter((name) => /^[0-9]+$/.test(name)).map(Number);
}

/** Arguments of a process; empty when it is gone. */
export async function readArguments(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').filter((word) => word !== '');
}
