import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { EngineError } from '../../kernel/engine-error.ts';
import type { MachineNic, MachineRef, MachineSpec } from '../../services/instances/compute-engine.ts';
import { machineLink, machineName, networkNames } from '../names.ts';
import { consoleConfig } from './console-log.ts';
import { guestDevice, guestInitCommand } from './guest-init.ts';
import { isPureV2, shareLines } from './kernel-share.ts';
import { runHookLines } from './run-record.ts';
import { POOL_NAME } from './storage-pool.ts';
import { DENIED_SYSCALLS } from './syscalls.ts';

/** Pure: from what an instance shall be to what Incus is told. */

/** Keys of the marks that `define` leaves. */
export const MARKS = {
  instanceId: 'user.thecloud.instance',
  tenantId: 'user.thecloud.tenant',
  hostname: 'user.thecloud.hostname',
  address: 'user.thecloud.address',
  gateway: 'user.thecloud.gateway',
  mbps: 'user.thecloud.mbps',
  /** Base64 of the JSON of its variables. Not Incus' `environment.*`, see guest-init.ts. */
  env: 'user.thecloud.env',
} as const;

export interface MachineConfig {
  readonly config: Record<string, string>;
  readonly devices: Record<string, Record<string, string>>;
}

/** Keys of Incus' configuration that every machine has, whichever version made it. */
export const COMMON_CONFIG: Readonly<Record<string, string>> = { 'security.syscalls.deny': DENIED_SYSCALLS };

/** On the host: what such instances see of ours, and the machine's own logs. */
export interface MachineFolders {
  readonly guest: string;
  readonly logs: string;
}

export function machineConfig(
  platformId: string,
  folders: MachineFolders,
  ref: MachineRef,
  spec: MachineSpec,
): MachineConfig {
  checkSpec(spec);
  const command = spec.command ?? [];
  const hasEnv = Object.keys(spec.env).length > 0;
  const lxc: string[] = [`lxc.uts.name = ${spec.hostname}`, ...commonLines(folders)];
  const config: Record<string, string> = {
    [MARKS.instanceId]: ref.instanceId,
    [MARKS.tenantId]: ref.tenantId,
    [MARKS.hostname]: spec.hostname,
    // What runs is decided by the platform, never by what ran when the daemon stopped.
    'boot.autostart': 'false',
    'security.idmap.isolated': 'true',
    // No socket into incusd from inside.
    'security.guestapi': 'false',
    ...COMMON_CONFIG,
    // A share of time, which holds for halves too. The cores are for what counts them (nproc): it starts as many threads. Incus spreads the
    // instances over the cores at each start and stop.
    'limits.cpu': String(Math.ceil(spec.vcpus)),
    'limits.cpu.allowance': `${Math.round(spec.vcpus * 100)}ms/100ms`,
    'limits.memory': `${spec.memoryMb}MiB`,
    'limits.memory.enforce': 'hard',
    'limits.memory.swap': 'false',
    'limits.processes': String(spec.processes),
  };
  if (hasEnv) config[MARKS.env] = packEnv(spec.env);
  const devices: MachineConfig['devices'] = {
    root: {
      type: 'disk',
      path: '/',
      pool: POOL_NAME,
      size: `${spec.diskGb}GiB`,
      [READ_LIMIT]: readLimit(spec.vcpus),
    },
  };
  if (command.length > 0 || hasEnv) {
    const variables = hasEnv ? machineName(platformId, ref.instanceId) : undefined;
    lxc.push(`lxc.init.cmd = ${guestInitCommand(command, variables)}`);
    devices['thecloud'] = guestDevice(folders.guest);
  }
  if (spec.nic !== undefined) {
    config[MARKS.address] = spec.nic.address;
    config[MARKS.gateway] = spec.nic.gateway;
    config[MARKS.mbps] = String(spec.networkMbps);
    // No DHCP. Without the second value LXC takes 0.0.255.255 for the broadcast address.
    lxc.push(`lxc.net.0.ipv4.address = ${spec.nic.address}/${spec.nic.prefix} ${broadcastOf(spec.nic)}`);
    lxc.push(`lxc.net.0.ipv4.gateway = ${spec.nic.gateway}`);
    devices['eth0'] = nicDevice(platformId, ref, spec.nic, spec.networkMbps);
  }
  config['raw.lxc'] = lxc.join('\n');
  return { config, devices };
}

const packEnv = (env: MachineSpec['env']): string => Buffer.from(JSON.stringify(env)).toString('base64');

type Variables = Pick<MachineSpec, 'env' | 'command'>;

/** What Incus is told of the variables of a machine that was made with some. Throws EngineError `invalid`. */
export function variablesConfig(spec: Variables): Readonly<Record<string, string>> {
  checkVariables(spec);
  return { [MARKS.env]: packEnv(spec.env) };
}

/** Key of Incus' disk devices. */
export const READ_LIMIT = 'limits.read';
/**
 * MiB a second that an instance may read from its disk for each vCPU, so that a tenant's quota of vCPUs bounds what its instances read together. An eighth of
 * what one disk gave here (450 MiB/s). Four readers without end made a neighbour's launch take 2.5 times as long and its fsync 4.7 times; at 64 MiB/s 1.3
 * and 1.2.
 *
 * Writes have no such limit: the pool is one file system, whose transactions wait for what was begun in them. A writer that was held to 10 MiB/s made a neighbour's
 * fsync take 1.4 s instead of 50 ms, and its launch 2.7 s instead of 0.6.
 */
const READ_MIB = 32;

/** Pure: what Incus is told of an instance with so many vCPUs. */
export const readLimit = (vcpus: number): string => `${Math.ceil(vcpus * READ_MIB)}MiB`;

/** /dev/fuse (Documentation/admin-guide/devices.txt of the kernel). */
const FUSE_DEVICE = 'c 10:229';

/** Lines of LXC's configuration that every machine has, whichever version made it. */
export const commonLines = (folders: MachineFolders): string[] => [
  ...consoleConfig(folders.logs),
  // Without CAP_SYS_BOOT a `reboot` or `poweroff` inside ends its init, as systemd does where it may not call reboot(2). With it Incus would
  // start the instance again at once, behind the platform's back and without any rest.
  'lxc.cap.drop = sys_boot',
  // A process that waits for a file system which another process of its instance serves is killed by nobody until that one answers.
  `lxc.cgroup${isPureV2(readFileSync('/proc/self/cgroup', 'utf8')) ? '2' : ''}.devices.deny = ${FUSE_DEVICE} rwm`,
  // Networks are the platform's. What this capability makes (neighbours, filters, links) is in no memory limit and in tables of the whole host.
  'lxc.cap.drop = net_admin',
  // Beside the filter that incusd hands down: see compat-filter.ts. Otherwise LXC would leave out its own.
  'lxc.seccomp.allow_nesting = 1',
  ...runHookLines(folders.guest),
  ...shareLines(folders.guest, folders.logs),
];

function nicDevice(platformId: string, ref: MachineRef, nic: MachineNic, mbps: number): Record<string, string> {
  return {
    type: 'nic',
    nictype: 'bridged',
    name: 'eth0',
    parent: networkNames(platformId, nic.vpcId).bridge,
    host_name: machineLink(platformId, ref.instanceId),
    hwaddr: nic.mac,
    'ipv4.address': nic.address,
    // Neither another's MAC nor another's address leaves it, and no neighbour is reached but through the VPC's router.
    'security.mac_filtering': 'true',
    'security.ipv4_filtering': 'true',
    'security.port_isolation': 'true',
    // The other direction: bandwidth.ts.
    'limits.ingress': `${mbps}Mbit`,
  };
}

/** The variables that a machine was made with. */
export function readEnv(config: Readonly<Record<string, string>>): Record<string, string> {
  const packed = config[MARKS.env];
  return packed === undefined ? {} : (JSON.parse(Buffer.from(packed, 'base64').toString()) as Record<string, string>);
}

/** Bytes. The kernel takes at most 128 KiB in one argument, and base64 makes four of three. */
const LONGEST_WORD = 64 * 1024;

function demand(holds: boolean, what: string): void {
  if (!holds) throw new EngineError('invalid', `an instance cannot have ${what}`);
}

function checkVariables(spec: Variables): void {
  for (const [name, value] of Object.entries(spec.env)) {
    demand(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name), `the variable name ${JSON.stringify(name)}`);
    demand(!value.includes('\0'), `a NUL byte in the variable ${name}`);
    demand(Buffer.byteLength(value) <= LONGEST_WORD, `more than 64 KiB in the variable ${name}`);
  }
  for (const word of spec.command ?? []) demand(!word.includes('\0'), 'a NUL byte in its command');
  demand(spec.command === undefined || spec.command.length === 0 || spec.command[0] !== '', 'an empty program name');
  demand(
    (spec.command ?? []).every((word) => Buffer.byteLength(word) <= LONGEST_WORD),
    'a word of more than 64 KiB in its command',
  );
}

/** Everything that ends up in a line of configuration is checked here, whatever was checked before. */
export function checkSpec(spec: MachineSpec): void {
  demand(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(spec.hostname), `the host name ${JSON.stringify(spec.hostname)}`);
  checkVariables(spec);
  demand(spec.vcpus > 0 && spec.vcpus <= 1024, `${spec.vcpus} vCPUs`);
  for (const [what, value] of [
    ['MiB of memory', spec.memoryMb],
    ['GiB of disk', spec.diskGb],
    ['Mbit/s', spec.networkMbps],
    ['processes', spec.processes],
  ] as const) {
    demand(Number.isSafeInteger(value) && value > 0, `${value} ${what}`);
  }
  if (spec.nic === undefined) return;
  for (const address of [spec.nic.address, spec.nic.gateway])
    demand(ipaddr.IPv4.isValidFourPartDecimal(address), `the address ${JSON.stringify(address)}`);
  demand(
    Number.isInteger(spec.nic.prefix) && spec.nic.prefix >= 16 && spec.nic.prefix <= 28,
    `the prefix ${spec.nic.prefix}`,
  );
  demand(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(spec.nic.mac), `the MAC ${JSON.stringify(spec.nic.mac)}`);
}

const broadcastOf = (nic: MachineNic): string =>
  ipaddr.IPv4.broadcastAddressFromCIDR(`${nic.address}/${nic.prefix}`).toString();
