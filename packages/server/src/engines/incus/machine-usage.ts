import { open, readdir, readFile, realpath } from 'node:fs/promises';
import { cpus } from 'node:os';
import { basename } from 'node:path';
import { systemClock } from '../../kernel/clock.ts';
import type { MachineUsage } from '../../services/instances/compute-engine.ts';
import { fileExists } from '../files.ts';

/**
 * What a machine uses, from the kernel's own files: a reading takes less than a millisecond and starts no program. Incus' own answer takes nine,
 * starts `btrfs`, and leaves out what a disk shares with its image and what is not yet written to it.
 */

/** Folders in which the kernel keeps its counters. */
export interface KernelFolders {
  readonly proc: string;
  readonly btrfs: string;
}
const KERNEL: KernelFolders = { proc: '/proc', btrfs: '/sys/fs/btrfs' };

/** Bytes that are read of a file in which a tenant can add lines: what is looked for is at its beginning. */
const HEAD_BYTES = 64 * 1024;

/** The root of each hierarchy of version 1 by its controller; version 2, which has what is in none of these. */
interface Hierarchies {
  readonly v1: ReadonlyMap<string, string>;
  readonly v2: string;
}

export interface UsageReader {
  /** Undefined if it does not run. `name` is LXC's; `pid` that of its first process on the host. */
  read(machine: { readonly name: string; readonly pid: number }): Promise<MachineUsage | undefined>;
}

export function createUsageReader(kernel: KernelFolders = KERNEL): UsageReader {
  let found: Promise<Hierarchies> | undefined;
  return {
    async read({ name, pid }) {
      // They are mounted once, when the host starts.
      found ??= readFile(`${kernel.proc}/self/mounts`, 'utf8').then(readHierarchies);
      const { v1, v2 } = await found;
      try {
        const group = groupOf(await readHead(`${kernel.proc}/${pid}/cgroup`), name);
        if (group === undefined) return undefined;
        const folderOf = (controller: string) => `${v1.get(controller) ?? v2}/${group}`;
        const [cpu, memory, processes, network, disk] = await Promise.all([
          v1.has('cpuacct') ? readCpu1(folderOf('cpuacct'), folderOf('cpu')) : readCpu2(folderOf('cpu')),
          v1.has('memory') ? readMemory1(folderOf('memory')) : readMemory2(folderOf('memory')),
          readProcesses(folderOf('pids')),
          readHead(`${kernel.proc}/${pid}/net/dev`).then(readLink),
          readHead(`${kernel.proc}/${pid}/mountinfo`).then((mounts) => readDisk(kernel.btrfs, mounts, name)),
        ]);
        return {
          at: systemClock.now(),
          ...cpu,
          ...memory,
          ...processes,
          ...(network ? { network } : {}),
          ...(disk ? { disk } : {}),
        };
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
    },
  };
}

/**
 * The machine's cgroup, as its first process has it. LXC adds a number while that of an earlier run is still there, which nobody removes if its
 * monitor was killed. Undefined: the process is not the machine's.
 */
function groupOf(groups: string, name: string): string | undefined {
  const group = /\/(lxc\.payload\.[^/\n]+)/.exec(groups)?.[1];
  const own = `lxc.payload.${name}`;
  return group?.startsWith(own) && /^(-\d+)?$/.test(group.slice(own.length)) ? group : undefined;
}

/** Its cgroup or its process has ended. The mounts of a process that has ended, and is not waited for yet, are EINVAL. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV' || code === 'EINVAL';
}

function readHierarchies(mounts: string): Hierarchies {
  const v1 = new Map<string, string>();
  let v2 = '/sys/fs/cgroup';
  for (const line of mounts.split('\n')) {
    const [, path = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') v2 = path;
    if (type === 'cgroup') for (const option of options.split(',')) v1.set(option, path);
  }
  return { v1, v2 };
}

type Cpu = Pick<MachineUsage, 'cpuNs' | 'vcpus'>;
type Memory = Pick<MachineUsage, 'memoryBytes' | 'memoryLimitBytes'>;

async function readCpu1(account: string, shares: string): Promise<Cpu> {
  const [ns, quota, period] = await Promise.all([
    readNumber(`${account}/cpuacct.usage`),
    readNumber(`${shares}/cpu.cfs_quota_us`),
    readNumber(`${shares}/cpu.cfs_period_us`),
  ]);
  return { cpuNs: ns, vcpus: quota > 0 ? quota / period : cpus().length };
}

async function readCpu2(folder: string): Promise<Cpu> {
  const [stat, max] = await Promise.all([readTable(`${folder}/cpu.stat`), readFile(`${folder}/cpu.max`, 'utf8')]);
  const [quota, period] = max.split(' ').map(Number);
  return { cpuNs: (stat.get('usage_usec') ?? 0) * 1000, vcpus: quota! > 0 ? quota! / period! : cpus().length };
}

/** Files of a tmpfs are counted among the page cache, but the kernel cannot give them back. */
async function readMemory1(folder: string): Promise<Memory> {
  const [bytes, limit, stat] = await Promise.all([
    readNumber(`${folder}/memory.usage_in_bytes`),
    readNumber(`${folder}/memory.limit_in_bytes`),
    readTable(`${folder}/memory.stat`),
  ]);
  const cache = (stat.get('total_cache') ?? 0) - (stat.get('total_shmem') ?? 0);
  return { memoryBytes: Math.max(0, bytes - cache), memoryLimitBytes: limit };
}

async function readMemory2(folder: string): Promise<Memory> {
  const [bytes, limit, stat] = await Promise.all([
    readNumber(`${folder}/memory.current`),
    readNumber(`${folder}/memory.max`),
    readTable(`${folder}/memory.stat`),
  ]);
  const cache = (stat.get('file') ?? 0) - (stat.get('shmem') ?? 0) + (stat.get('slab_reclaimable') ?? 0);
  return { memoryBytes: Math.max(0, bytes - cache), memoryLimitBytes: limit };
}

async function readProcesses(folder: string): Promise<Pick<MachineUsage, 'processes' | 'processLimit'>> {
  const [processes, processLimit] = await Promise.all([
    readNumber(`${folder}/pids.current`),
    readNumber(`${folder}/pids.max`),
  ]);
  return { processes, processLimit };
}

/** Of `eth0`, which is there if the machine is in a VPC. */
function readLink(text: string): MachineUsage['network'] {
  const numbers = /^ *eth0: *(.*)$/m.exec(text)?.[1]?.split(/ +/).map(Number);
  if (numbers === undefined) return undefined;
  const [rxBytes, rxPackets, , , , , , , txBytes, txPackets] = numbers;
  return { rxBytes: rxBytes!, rxPackets: rxPackets!, txBytes: txBytes!, txPackets: txPackets! };
}

/**
 * What btrfs holds against the limit of the machine's disk: with the files of its image, and with what is not yet written. The mount of its
 * root names the group. Undefined where the kernel does not tell.
 */
async function readDisk(btrfs: string, mounts: string, name: string): Promise<MachineUsage['disk']> {
  const mount = mounts.split('\n').find((line) => line.includes(`/containers/${name}`) && line.includes(' - btrfs '));
  const [, source, subvolume] = / - btrfs (\S+) .*\bsubvolid=(\d+)/.exec(mount ?? '') ?? [];
  if (source === undefined) return undefined;
  const device = basename(await realpath(source).catch(() => source));
  for (const id of await readdir(btrfs).catch(() => [])) {
    const group = `${btrfs}/${id}/qgroups/0_${subvolume}`;
    if (!(await fileExists(`${btrfs}/${id}/devices/${device}`)) || !(await fileExists(group))) continue;
    const [referenced, reserved, limit] = await Promise.all(
      ['referenced', 'rsv_data', 'max_referenced'].map((file) => readNumber(`${group}/${file}`)),
    );
    return { bytes: referenced! + reserved!, limitBytes: limit! };
  }
  return undefined;
}

const readNumber = async (path: string): Promise<number> => Number(await readFile(path, 'utf8'));

/** A file of lines `name number`. */
async function readTable(path: string): Promise<ReadonlyMap<string, number>> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return new Map(lines.map((line) => line.split(' ')).map(([key = '', value]) => [key, Number(value)]));
}

async function readHead(path: string): Promise<string> {
  const file = await open(path);
  try {
    // A file of /proc gives at most a page at a time.
    const bytes = Buffer.alloc(HEAD_BYTES);
    let length = 0;
    while (length < HEAD_BYTES) {
      const { bytesRead } = await file.read(bytes, length, HEAD_BYTES - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.toString('utf8', 0, length);
  } finally {
    await file.close();
  }
}
