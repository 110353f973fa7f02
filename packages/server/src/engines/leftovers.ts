import { readdir, readFile } from 'node:fs/promises';
import { fileExists } from './files.ts';
import { listInstanceCgroups } from './incus/instance-processes.ts';
import { listMountNamespaceProcesses } from './incus/mount-namespace.ts';
import { listNamespaces } from './linux-network/namespaces.ts';
import { type PlatformNames, platformNames } from './names.ts';
import { listProcesses, lookAtProcess, readArguments } from './processes.ts';
import { runCommand } from './run-command.ts';
import { findSlot } from './slots.ts';

/**
 * What a platform has on this host outside its data folder, one line each: namespaces, processes, mounts, links, firewall tables, loop
 * devices, cgroups, the slot. Empty after everything was stopped. `dataDir` adds the mounts, loop devices and processes that name it.
 */
export async function findLeftovers(platformId: string, dataDir?: string): Promise<string[]> {
  const names = platformNames(platformId);
  const found = await Promise.all([
    listNamespaces(names.namespacePrefix).then(label('network namespace')),
    findProcesses(names, dataDir).then(label('process')),
    listMountNamespaceProcesses(names).then(label('process in the mount namespace')),
    findMounts(names, dataDir).then(label('mount')),
    findLinks(names).then(label('link')),
    findTables(names).then(label('firewall table')),
    findLoops(dataDir).then(label('loop device')),
    listInstanceCgroups(names).then(label('cgroup')),
    fileExists(names.runDir).then((there) => (there ? [`run folder ${names.runDir}`] : [])),
    findSlot(names.mark).then((slot) => (slot === undefined ? [] : [`slot ${slot}`])),
  ]);
  return found.flat();
}

const label =
  (what: string) =>
  (items: readonly (string | number)[]): string[] =>
    items.map((item) => `${what} ${item}`);

async function findProcesses(names: PlatformNames, dataDir: string | undefined): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await listProcesses()) {
    if (pid === process.pid) continue;
    const words = (await readArguments(pid)).join(' ');
    const ours =
      words.includes(names.runDir) ||
      words.includes(`i${names.mark}-`) ||
      (dataDir !== undefined && words.includes(`${dataDir}/`));
    if (ours && (await lookAtProcess(pid)) !== undefined) found.push(`${pid} ${words.slice(0, 120)}`);
  }
  return found;
}

async function findMounts(names: PlatformNames, dataDir: string | undefined): Promise<string[]> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const paths = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
  return paths.filter(
    (path) =>
      path.startsWith(`${names.runDir}/`) ||
      path.startsWith(`/run/netns/${names.namespacePrefix}`) ||
      (dataDir !== undefined && path.startsWith(`${dataDir}/`)),
  );
}

async function findLinks(names: PlatformNames): Promise<string[]> {
  return (await readdir('/sys/class/net')).filter((link) => link === names.egressLink);
}

async function findTables(names: PlatformNames): Promise<string[]> {
  const { stdout } = await runCommand('nft', ['list', 'tables']);
  return stdout.split('\n').filter((line) => line.includes(names.egressTable));
}

async function findLoops(dataDir: string | undefined): Promise<string[]> {
  if (dataDir === undefined) return [];
  const { stdout } = await runCommand('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
  return stdout.split('\n').filter((line) => line.includes(`${dataDir}/`));
}
