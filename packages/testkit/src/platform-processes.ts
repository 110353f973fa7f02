import { readdirSync, readFileSync } from 'node:fs';

/** Parts of a platform, each one process below the supervisor. */
export type Part = 'supervisor' | 'api' | 'worker' | 'postgres' | 'incusd';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly words: string;
}

/** Which living child of the supervisor is which part: parentage says whose it is, its command line what it is. */
export function findParts(supervisor: number): Partial<Record<Part, number>> {
  const found: Partial<Record<Part, number>> = {};
  for (const child of listProcesses()) {
    if (child.pid === supervisor) found.supervisor = child.pid;
    if (child.parent !== supervisor) continue;
    const part = partOf(child.words);
    if (part !== undefined) found[part] = child.pid;
  }
  return found;
}

function partOf(words: string): Part | undefined {
  if (words.startsWith('thecloud api')) return 'api';
  if (words.startsWith('thecloud worker')) return 'worker';
  const program = words.split(' ')[0] ?? '';
  if (program.endsWith('/postgres')) return 'postgres';
  if (program.endsWith('/incusd')) return 'incusd';
  return undefined;
}

/** Living processes whose command line names the folder. */
export function findProcessesNaming(folder: string): { readonly pid: number; readonly words: string }[] {
  return listProcesses().filter(({ pid, words }) => pid !== process.pid && words.includes(`${folder}/`));
}

function listProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; state and parent follow the last one.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), words };
  } catch {
    // Already gone.
    return undefined;
  }
}

/** Whether a process of that number lives. */
export const lives = (pid: number): boolean => readProcess(pid) !== undefined;

/** False when it is gone already. */
export function kill9(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
