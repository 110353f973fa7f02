import { readdir, readFile } from 'node:fs/promises';
import { killProcesses } from './kill-processes.ts';
import { readRunRecord } from './run-record.ts';

/**
 * Bytes of netlink messages that the sockets of an instance may hold unread. The kernel counts them to no memory limit and bounds them by socket alone,
 * so that an instance could take the host's memory. Programs read what they ask for, and hold some KiB.
 */
const MOST = 32 * 1024 * 1024;

/**
 * Kills what runs in instances that hold more, as the kernel does with those that are over their memory limit: they end by SIGKILL, and start again as
 * after any other end. Answers their names in Incus, `<project>_<name>`. Costs two small files for each instance.
 */
export async function endUnreadMessages(incusDir: string, most = MOST): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const name of await readdir(`${incusDir}/logs`).catch(() => [])) {
    const record = await readRunRecord(`${incusDir}/logs/${name}`).catch(() => undefined);
    // An instance has one network namespace, and makes no other one.
    if (!record || record.pid === 0 || (await unreadIn(record.pid)) <= most) continue;
    await killProcesses(name);
    ended.push(name);
  }
  return ended;
}

/** Bytes in a process's network namespace; 0 where it is gone. */
async function unreadIn(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/net/netlink`, 'utf8').catch(() => '');
  const [, ...rows] = text.split('\n');
  // sk, Eth, Pid, Groups, Rmem
  return rows.reduce((sum, row) => sum + Number(row.trim().split(/\s+/)[4] ?? 0), 0);
}
