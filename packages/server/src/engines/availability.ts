import { readFile } from 'node:fs/promises';
import { PLAIN_ENVIRONMENT } from './run-command.ts';
import { fileExists, findFirst } from './files.ts';

/** Program → the package of Debian and Ubuntu that brings it. */
const NETWORK_TOOLS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  dnsmasq: 'dnsmasq-base',
};

const COMPUTE_TOOLS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  'mkfs.btrfs': 'btrfs-progs',
  mksquashfs: 'squashfs-tools',
  // Makes the busybox image, and is process 1 of instances with a command.
  busybox: 'busybox-static',
};

const INCUSD = [
  '/usr/libexec/incus/incusd',
  '/usr/lib/incus/incusd',
  '/opt/incus/bin/incusd',
  '/usr/bin/incusd',
  '/usr/sbin/incusd',
  '/usr/local/bin/incusd',
];

/** One sentence that says what this machine lacks for an engine and how to get it; undefined where it lacks nothing. */
export async function findMissing(engine: 'compute' | 'network'): Promise<string | undefined> {
  if (process.platform !== 'linux')
    return 'Instances and networks need Linux; this machine runs the rest of the platform only.';
  if (process.geteuid?.() !== 0)
    return 'Instances and networks need root: start the platform as root (sudo npm start).';
  const tools = engine === 'compute' ? COMPUTE_TOOLS : NETWORK_TOOLS;
  const packages = new Set<string>();
  for (const [tool, name] of Object.entries(tools)) if (!(await hasProgram(tool))) packages.add(name);
  if (engine === 'compute' && (await findIncusd()) === undefined) packages.add('incus-base');
  if (packages.size > 0)
    return `Programs are missing: apt-get install -y ${[...packages].join(' ')} (npm start installs them).`;
  return engine === 'compute' ? findMissingKernel() : findMissingRights();
}

/** Where distributions put the daemon: Debian, Ubuntu and its derivatives, the upstream packages, then by hand. */
export const findIncusd = (): Promise<string | undefined> => findFirst(INCUSD);

async function hasProgram(name: string): Promise<boolean> {
  const folders = (PLAIN_ENVIRONMENT['PATH'] ?? '').split(':');
  return (await findFirst(folders.map((folder) => `${folder}/${name}`))) !== undefined;
}

async function findMissingKernel(): Promise<string | undefined> {
  if (!(await fileExists('/dev/loop-control')))
    return 'This kernel has no loop devices (/dev/loop-control is missing). If this is a container, start the platform on the host instead.';
  return findMissingRights();
}

/** Root in a container often may not make namespaces. CAP_SYS_ADMIN is bit 21, CAP_NET_ADMIN bit 12. */
async function findMissingRights(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (bit: bigint): boolean => (effective & (1n << bit)) !== 0n;
  return has(21n) && has(12n)
    ? undefined
    : 'Root lacks CAP_SYS_ADMIN or CAP_NET_ADMIN here: start the platform on a machine, or in a privileged container.';
}
