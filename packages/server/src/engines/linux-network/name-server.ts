import { mkdir, readdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { DNS_DOMAIN, type NetworkName } from '../../services/vpcs/network-engine.ts';
import type { NetworkNames, PlatformNames } from '../names.ts';
import { endProcess, lookAtProcess, type ProcessIdentity, readArguments, sendSignal } from '../processes.ts';
import { runInNamespace } from '../run-command.ts';
import { isAddress } from './addresses.ts';
import { namespacePath } from './namespaces.ts';

/**
 * One dnsmasq a VPC, in the router's namespace. Without resolv-file and folders to watch it takes no inotify instance (a host has 128
 * of them by default); names come from a file that it reads again on SIGHUP. It outlives us, and is known again by its pid file.
 */
interface NameServerFiles {
  readonly hosts: string;
  readonly servers: string;
  readonly pid: string;
}

const folderOf = (platform: PlatformNames): string => `${platform.runDir}/dns`;

function filesOf(platform: PlatformNames, network: NetworkNames): NameServerFiles {
  const stem = `${folderOf(platform)}/${network.bridge}`;
  return { hosts: `${stem}.hosts`, servers: `${stem}.servers`, pid: `${stem}.pid` };
}

/** Starts the VPC's name server unless it runs. `upstream`: addresses of resolvers for all other names; none: they do not resolve. */
export async function ensureNameServer(
  platform: PlatformNames,
  network: NetworkNames,
  gateway: string,
  upstream: readonly string[],
): Promise<void> {
  const files = filesOf(platform, network);
  // It gives up root and must still read its files.
  await mkdir(folderOf(platform), { recursive: true, mode: 0o755 });
  const servers = upstream.map((address) => `server=${address}\n`).join('');
  const changed = await writeIfChanged(files.servers, servers);
  await writeFile(files.hosts, '', { flag: 'a', mode: 0o644 });
  const running = await findNameServer(platform, network);
  if (running !== undefined) {
    if (changed) sendSignal(running.pid, 'SIGHUP');
    return;
  }
  await endStranger(files);
  await runInNamespace(network.routerNamespace, 'dnsmasq', [
    '--conf-file=/dev/null',
    '--user=nobody',
    '--group=nogroup',
    `--pid-file=${files.pid}`,
    '--interface=lan',
    '--except-interface=lo',
    '--bind-interfaces',
    `--listen-address=${gateway}`,
    '--no-resolv',
    '--no-poll',
    '--no-hosts',
    `--addn-hosts=${files.hosts}`,
    `--servers-file=${files.servers}`,
    `--domain=${DNS_DOMAIN}`,
    `--local=/${DNS_DOMAIN}/`,
    '--expand-hosts',
    '--domain-needed',
    '--bogus-priv',
    '--cache-size=1000',
    '--dns-forward-max=150',
    '--local-ttl=5',
  ]);
}

/** Replaces the names. Returns without a word to the server where nothing changed. */
export async function writeNames(
  platform: PlatformNames,
  network: NetworkNames,
  names: readonly NetworkName[],
): Promise<void> {
  const lines = names.map(({ name, address }) => {
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
      throw new EngineError('invalid', `${JSON.stringify(name)} is not a DNS label in lower case`);
    if (!isAddress(address)) throw new EngineError('invalid', `${JSON.stringify(address)} is not an IPv4 address`);
    return `${address} ${name}\n`;
  });
  await mkdir(folderOf(platform), { recursive: true, mode: 0o755 });
  if (!(await writeIfChanged(filesOf(platform, network).hosts, lines.sort().join('')))) return;
  const running = await findNameServer(platform, network);
  if (running !== undefined) sendSignal(running.pid, 'SIGHUP');
}

/** The running name server of a VPC in its present router. After the router is recreated, the old one serves an unnamed namespace. */
export async function findNameServer(
  platform: PlatformNames,
  network: NetworkNames,
): Promise<ProcessIdentity | undefined> {
  const found = await readPid(filesOf(platform, network));
  if (found === undefined) return undefined;
  const [own, router] = await Promise.all([
    readlink(`/proc/${found.pid}/ns/net`).catch(() => ''),
    stat(namespacePath(network.routerNamespace)).catch(() => undefined),
  ]);
  return own === `net:[${router?.ino}]` ? found : undefined;
}

/** Ends the server; its names stay for the next one. */
export function endNameServer(platform: PlatformNames, network: NetworkNames): Promise<void> {
  return endStranger(filesOf(platform, network));
}

export async function removeNameServer(platform: PlatformNames, network: NetworkNames): Promise<void> {
  const files = filesOf(platform, network);
  await endStranger(files);
  for (const file of Object.values(files)) await rm(file, { force: true });
}

/** Ends all name servers of a platform, of whatever network, and removes their files. */
export async function removeAllNameServers(platform: PlatformNames): Promise<void> {
  const folder = folderOf(platform);
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.pid')) await endStranger({ hosts: '', servers: '', pid: `${folder}/${name}` });
  }
  await rm(folder, { recursive: true, force: true });
}

/** Ends whatever dnsmasq of ours the pid file names, in whatever namespace. */
async function endStranger(files: NameServerFiles): Promise<void> {
  const found = await readPid(files);
  if (found !== undefined) await endProcess(found, 2_000);
  await rm(files.pid, { force: true });
}

async function readPid(files: NameServerFiles): Promise<ProcessIdentity | undefined> {
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const found = await lookAtProcess(pid);
  // The number may belong to another program by now.
  return found !== undefined && (await readArguments(pid)).includes(`--pid-file=${files.pid}`) ? found : undefined;
}

async function writeIfChanged(path: string, content: string): Promise<boolean> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) return false;
  await writeFile(`${path}.new`, content, { mode: 0o644 });
  await rename(`${path}.new`, path);
  return true;
}

/** The host's resolvers that can be reached from elsewhere: a loopback one is its own only, then its upstream is asked instead. */
export async function readHostResolvers(): Promise<string[]> {
  for (const path of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const found = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
    const usable = found.filter((address) => isAddress(address) && !address.startsWith('127.'));
    if (usable.length > 0) return usable.slice(0, 3);
  }
  return [];
}
