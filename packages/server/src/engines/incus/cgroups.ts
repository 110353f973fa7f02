import { readFile } from 'node:fs/promises';

/** Where each hierarchy of cgroups is mounted, of version 1 and 2. */
export async function cgroupRoots(): Promise<string[]> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2')
    .map((fields) => fields[1] ?? '')
    .filter((path) => path !== '');
}
