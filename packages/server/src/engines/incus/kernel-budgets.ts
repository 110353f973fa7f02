import { readFile, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

/**
 * What the kernel counts over the whole host, and every instance takes from. Most of these objects cost kernel memory that is counted to the
 * instance which has it, so its memory limit is the share that it gets, if the host's number is higher than what all memory together can
 * hold. The kernel's defaults are lower: one instance uses them up.
 *
 * Numbers are only raised, at each start, and stay when the platform stops: a lower number would fail whatever holds more by then.
 */
export interface KernelBudget {
  /** Below /proc/sys. */
  readonly path: string;
  readonly atLeast: number;
}

/** Most of a `sysctl` that is an int. */
const MOST = 2 ** 31 - 1;

/** Pure: by bytes of the host's memory. The divisors are less than what one of the kind costs, linux 6.18 on x86-64. */
export function kernelBudgets(memory: number): readonly KernelBudget[] {
  const one = (bytes: number): number => Math.min(MOST, Math.floor(memory / bytes));
  return [
    // A group of marks and its file; a watch.
    { path: 'fs/inotify/max_user_instances', atLeast: one(1024) },
    { path: 'fs/inotify/max_user_watches', atLeast: one(128) },
    { path: 'fs/fanotify/max_user_groups', atLeast: one(1024) },
    { path: 'fs/fanotify/max_user_marks', atLeast: one(128) },
    // 32 bytes of a ring for each request that may be under way.
    { path: 'fs/aio-max-nr', atLeast: one(32) },
    // An open file.
    { path: 'fs/file-max', atLeast: one(128) },
    // A terminal: 25 KiB, most of which is in no memory limit. An instance's own file system of them has 1,024.
    { path: 'kernel/pty/max', atLeast: one(512 * 1024) },
    // A process: its stack alone has 16 KiB. The kernel has no higher number than 2^22.
    { path: 'kernel/pid_max', atLeast: 2 ** 22 },
    { path: 'kernel/threads-max', atLeast: one(16 * 1024) },
    // A socket of TCP that its process has closed.
    { path: 'net/ipv4/tcp_max_orphans', atLeast: one(2 * 1024) },
    // Neighbours, which are in no memory limit: an instance asks for at most the 65,534 of its VPC.
    { path: 'net/ipv4/neigh/default/gc_thresh3', atLeast: one(16 * 1024) },
    { path: 'net/ipv4/neigh/default/gc_thresh2', atLeast: one(32 * 1024) },
    // The kernel's log and its addresses are for the host's root.
    { path: 'kernel/dmesg_restrict', atLeast: 1 },
    { path: 'kernel/kptr_restrict', atLeast: 1 },
  ];
}

/** Raises the host's numbers where they are lower. Tells of those that the host does not let us write. */
export async function raiseKernelBudgets(onProgress: ((line: string) => void) | undefined): Promise<void> {
  for (const { path, atLeast } of kernelBudgets(totalmem())) {
    const file = `/proc/sys/${path}`;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    // Not in this kernel.
    if (text === undefined || Number(text) >= atLeast) continue;
    await writeFile(file, String(atLeast)).catch((error: unknown) =>
      onProgress?.(`the host's ${path} stays at ${text.trim()}, which one instance can use up: ${String(error)}`),
    );
  }
}
