import { readFile, readlink } from 'node:fs/promises';
import { isAlive, lookAtProcess, sleep } from '../processes.ts';
import { GUEST_BUSYBOX } from './guest-init.ts';
import type { RunRecord } from './run-record.ts';

/** How long a command has to live to be called running. What cannot be executed ends within some milliseconds of its start. */
const PROVING_MS = 100;
/** Longest wait for it to be executed: on a machine that is this slow it counts as running. */
const EXECUTED_MS = 3_000;
const STEP_MS = 5;

/**
 * Waits until what process 1 of an instance, our init, was given to run has proved to live, or has ended: its child has become another
 * program than the init's own busybox, and a moment has passed since. Looked at in the host's /proc: nothing inside has to be believed.
 */
export async function waitForProof(record: RunRecord | undefined, signal: AbortSignal | undefined): Promise<void> {
  const init = record && (await lookAtProcess(record.pid));
  if (init === undefined) return;
  for (let waited = 0; waited < EXECUTED_MS; waited += STEP_MS) {
    signal?.throwIfAborted();
    if (!(await isAlive(init))) return;
    if (await hasExecuted(init.pid)) return sleep(PROVING_MS);
    await sleep(STEP_MS);
  }
}

/** Process 1 itself gives way to the image's init where there is no command. */
async function hasExecuted(pid: number): Promise<boolean> {
  const first = await programOf(pid);
  // Not even the init yet: LXC's monitor made a process of its own.
  if (first === undefined || first === (await programOf(await parentOf(pid)))) return false;
  if (first !== GUEST_BUSYBOX) return true;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ')) {
    const program = child === '' ? undefined : await programOf(Number(child));
    if (program !== undefined && program !== GUEST_BUSYBOX) return true;
  }
  return false;
}

/** As the process itself sees its path; undefined of one that is gone. */
const programOf = (pid: number): Promise<string | undefined> => readlink(`/proc/${pid}/exe`).catch(() => undefined);

const parentOf = async (pid: number): Promise<number> =>
  Number(/^PPid:\t(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0);
