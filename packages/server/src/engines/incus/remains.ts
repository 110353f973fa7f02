import { readdir, rm, rmdir } from 'node:fs/promises';
import { readLinks, runBatchLoosely } from '../linux-network/links.ts';
import type { PlatformNames } from '../names.ts';
import type { IncusClient, IncusInstance } from './incus-client.ts';
import { listInstanceCgroups, removeCgroup } from './instance-processes.ts';

/** The host's end of an instance's NIC, as names.ts has it. */
const LINK = /^i[0-9a-f]{12}$/;

/**
 * Removes what deleted machines left outside Incus when it died, or was late: host ends of NICs, folders of logs with nothing but liblxc's own, empty
 * cgroups, and profiles of AppArmor, which Incus forgets where AppArmor is off. All of it can be made again, and none holds data. What is seen here and
 * not in Incus afterwards belongs to no machine: a machine is in Incus before anything of it is elsewhere. Throws IncusError if Incus does not answer;
 * then nothing is removed.
 */
export async function removeRemains(client: IncusClient, names: PlatformNames, incusDir: string): Promise<void> {
  const profilesFolder = `${incusDir}/security/apparmor/profiles`;
  const [links, folders, cgroups, profiles] = await Promise.all([
    readLinks(names.cloudNamespace).then((found) => [...(found?.keys() ?? [])].filter((name) => LINK.test(name))),
    readdir(`${incusDir}/logs`).catch(() => []),
    listInstanceCgroups(names),
    readdir(profilesFolder).catch(() => []),
  ]);
  if (links.length + folders.length + cgroups.length + profiles.length === 0) return;
  const machines = await client.list<IncusInstance>('/1.0/instances', {
    query: { 'all-projects': 'true' },
    timeoutMs: 30_000,
  });
  const known = new Set(machines.map(({ project, name }) => `${project}_${name}`));
  const plugged = new Set(machines.map(({ devices }) => devices['eth0']?.['host_name']));
  const unknownLinks = links.filter((link) => !plugged.has(link));
  await runBatchLoosely(
    names.cloudNamespace,
    unknownLinks.map((link) => `link delete dev ${link}`),
  );
  const isOfMachine = new RegExp(`^t${names.mark}-[0-9a-f]{12}_i${names.mark}-[0-9a-f]{12}$`);
  for (const folder of folders)
    if (isOfMachine.test(folder) && !known.has(folder)) {
      // liblxc opens it once more when the machine is gone.
      await rm(`${incusDir}/logs/${folder}/lxc.log`, { force: true });
      // Refused unless it is empty.
      await rmdir(`${incusDir}/logs/${folder}`).catch(() => undefined);
    }
  for (const profile of profiles) {
    const machine = profile.replace(/^incus-/, '');
    if (isOfMachine.test(machine) && !known.has(machine)) await rm(`${profilesFolder}/${profile}`, { force: true });
  }
  for (const cgroup of cgroups) {
    const [, machine] = /\/lxc\.[a-z]+\.(.+?)(?:-\d+)?$/.exec(cgroup) ?? [];
    if (machine !== undefined && isOfMachine.test(machine) && !known.has(machine)) await removeCgroup(cgroup);
  }
}
