import { readdirSync, readFileSync } from 'node:fs';

/** The kernel's unit of CPU time in /proc. */
const TICK_MS = 10;

interface Process {
  readonly parent: number;
  /** Of itself, and of its children that have ended. */
  readonly ownTicks: number;
  readonly endedTicks: number;
}

function readProcess(pid: number): Process | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended.
    return undefined;
  }
  // The name in parentheses may hold anything; the state follows the last one.
  const words = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent, user, system, endedUser, endedSystem] = [1, 11, 12, 13, 14].map((place) => words[place] ?? 0);
  return { parent: parent!, ownTicks: user! + system!, endedTicks: endedUser! + endedSystem! };
}

/** Milliseconds of CPU of a process and all below it, of those too that have ended. */
export function cpuOfTree(root: number): number {
  const all = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (found) all.set(Number(name), found);
  }
  let ticks = all.get(root)?.endedTicks ?? 0;
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    ticks += all.get(pid)?.ownTicks ?? 0;
    for (const [child, { parent }] of all) if (parent === pid) open.push(child);
  }
  return ticks * TICK_MS;
}

/** Runs work; milliseconds of CPU that each of the named process trees took in that time. */
export async function cpuDuring<T>(
  roots: Readonly<Record<string, number>>,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpu: Readonly<Record<string, number>> }> {
  const before = Object.entries(roots).map(([name, pid]) => [name, pid, cpuOfTree(pid)] as const);
  const result = await work();
  const cpu = Object.fromEntries(before.map(([name, pid, was]) => [name, cpuOfTree(pid) - was]));
  return { result, cpu };
}

/** Milliseconds of CPU of this process's children that have ended. */
export const cpuOfEnded = (): number => (readProcess(process.pid)?.endedTicks ?? 0) * TICK_MS;
