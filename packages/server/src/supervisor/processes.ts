import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How a child ended, in words. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `ended by ${signal}` : `ended with code ${code}`;
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Resolves when the child is gone, also when it never came to life. */
export function waitForEnd(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** Sends each signal in turn and gives it its time; the last one cannot be refused. `hurry` skips to the next. */
export async function endChild(
  child: ChildProcess,
  steps: readonly (readonly [NodeJS.Signals, number])[],
  hurry?: AbortSignal,
): Promise<void> {
  const end = waitForEnd(child);
  for (const [signal, ms] of steps) {
    if (hasEnded(child)) return;
    child.kill(signal);
    await within(end, ms, hurry);
  }
  await end;
}

async function within(done: Promise<void>, ms: number, hurry?: AbortSignal): Promise<void> {
  const stopWaiting = new AbortController();
  const signal = hurry ? AbortSignal.any([hurry, stopWaiting.signal]) : stopWaiting.signal;
  const timer = pause(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await Promise.race([done, timer]);
  stopWaiting.abort();
}

/** A process as it was seen: a reused pid has another start time. */
export interface SeenProcess {
  readonly name: string;
  readonly pid: number;
  readonly started: string;
}

/** When a process started, in the kernel's ticks since boot (macOS: as ps prints it). Undefined: there is none, or only its zombie. */
export function startOf(pid: number): string | undefined {
  if (!existsSync('/proc/self/stat')) return startByPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything; field 3 (state) follows the last one, field 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 }).trim() || undefined
    );
  } catch {
    // ps ends with 1 when there is no such process.
    return undefined;
  }
}

export function isAlive(seen: SeenProcess): boolean {
  return startOf(seen.pid) === seen.started;
}

/** Written whenever a child starts, read by the next start if this one was killed. */
export function recordProcesses(path: string, seen: readonly SeenProcess[]): void {
  writeFileSync(path, JSON.stringify(seen), { mode: 0o644 });
}

/**
 * Ends what a killed supervisor left behind. Its children see the lost parent and stop by themselves; who does not is killed.
 * Nothing is signalled whose start time is not the recorded one.
 */
export async function endLeftovers(path: string, patienceMs = 3_000): Promise<string[]> {
  if (!existsSync(path)) return [];
  const left = parseSeen(readFileSync(path, 'utf8')).filter(isAlive);
  const deadline = performance.now() + patienceMs;
  while (left.some(isAlive) && performance.now() < deadline) await pause(20);
  const stubborn = left.filter(isAlive);
  for (const process_ of stubborn) process.kill(process_.pid, 'SIGKILL');
  for (let tries = 0; stubborn.some(isAlive) && tries < 100; tries++) await pause(20);
  return left.map((process_) => process_.name);
}

/** A file cut short by a power cut says nothing: after a reboot there is nothing to end. */
function parseSeen(text: string): SeenProcess[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as SeenProcess[]) : [];
  } catch {
    return [];
  }
}

/** Processes of a program that work in a folder: a PostgreSQL cluster's postmaster and its backends. Linux only; elsewhere empty. */
export function findProcessesIn(folder: string, program: string): number[] {
  return findProcesses(
    (pid) => readlinkSync(`/proc/${pid}/cwd`) === folder && basename(readlinkSync(`/proc/${pid}/exe`)) === program,
  );
}

/** Processes that were given this word as an argument. Linux only; elsewhere empty. */
export function findProcessesWith(argument: string): number[] {
  return findProcesses((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument));
}

function findProcesses(isWanted: (pid: number) => boolean): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return isWanted(pid) && startOf(pid) !== undefined;
      } catch {
        // Already gone, or another user's.
        return false;
      }
    });
}
