import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import type { PlatformNames } from '../names.ts';
import { runCommand } from '../run-command.ts';

const NAMESPACE_DIR = '/run/netns';
/** f_type of the filesystem behind a pinned namespace (linux/magic.h, NSFS_MAGIC). */
const NSFS_MAGIC = 0x6e736673;

/** Whether the file is a pinned namespace, and not the empty file that a crash between two steps left. */
export async function isPinnedNamespace(path: string): Promise<boolean> {
  return statfs(path).then(
    (found) => found.type === NSFS_MAGIC,
    () => false,
  );
}

export const namespacePath = (name: string): string => `${NAMESPACE_DIR}/${name}`;

export const hasNamespace = (name: string): Promise<boolean> => isPinnedNamespace(namespacePath(name));

/** Names of the host's named network namespaces that start with the prefix. */
export async function listNamespaces(prefix: string): Promise<string[]> {
  const names = await readdir(NAMESPACE_DIR).catch(() => []);
  return names.filter((name) => name.startsWith(prefix)).sort();
}

/** Clears the way for `ip netns add`: an empty file of that name makes it fail. */
export async function dropStaleNamespaceFile(name: string): Promise<void> {
  if (!(await hasNamespace(name))) await rm(namespacePath(name), { force: true });
}

/** Removes a network namespace with all links in it. Nothing happens when it is not there. */
export async function removeNamespace(name: string): Promise<void> {
  if (await hasNamespace(name)) await runCommand('ip', ['netns', 'delete', name]);
  else await rm(namespacePath(name), { force: true });
}

/** Run inside a new namespace. No IPv6 at all: nothing here filters it. Bridged frames never pass the host's iptables rules. */
const CLOUD_SETTINGS = `
for f in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6 || :; done 2>/dev/null
for f in iptables ip6tables arptables; do
  if [ -e /proc/sys/net/bridge/bridge-nf-call-$f ]; then echo 0 > /proc/sys/net/bridge/bridge-nf-call-$f; fi
done
exec ip link set lo up
`;

const ROUTER_SETTINGS = `
for f in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6 || :; done 2>/dev/null
echo 1 > /proc/sys/net/ipv4/ip_forward
exec ip link set lo up
`;

/** Makes the namespace of incusd and of the VPCs' bridges. Where `pid` runs in it but its name was removed, the name comes back. */
export async function ensureCloudNamespace(names: PlatformNames, pid?: number): Promise<void> {
  await mkdir(names.runDir, { recursive: true, mode: 0o755 });
  if (await hasNamespace(names.cloudNamespace)) return;
  await dropStaleNamespaceFile(names.cloudNamespace);
  if (pid !== undefined) {
    await runCommand('ip', ['netns', 'attach', names.cloudNamespace, String(pid)]);
    return;
  }
  await addNamespace(names.cloudNamespace, CLOUD_SETTINGS);
}

/** Makes a namespace that forwards: the edge's. True when it was not there. */
export async function ensureRoutingNamespace(name: string): Promise<boolean> {
  if (await hasNamespace(name)) return false;
  await dropStaleNamespaceFile(name);
  await addNamespace(name, ROUTER_SETTINGS);
  return true;
}

async function addNamespace(name: string, settings: string): Promise<void> {
  await runCommand('ip', ['netns', 'add', name]);
  await runCommand('nsenter', [`--net=${namespacePath(name)}`, '--', 'sh', '-ec', settings]);
}
