import { mkdir, readdir, readlink, realpath, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isPinnedNamespace, namespacePath } from '../linux-network/namespaces.ts';
import type { PlatformNames } from '../names.ts';
import { listProcesses } from '../processes.ts';
import { runCommand } from '../run-command.ts';

/**
 * The mount namespace of a platform's incusd. The storage pool is mounted only there, it has a sysfs of the cloud namespace (Incus
 * looks there for bridges), and user ids of its own to give to instances. It is pinned by a file, so that it outlives incusd.
 */

/** User ids of one platform: 1024 isolated instances of 65536 ids each. */
const IDS_PER_SLOT = 67_108_864;
const FIRST_ID = 1_048_576;
/** As many slots as stay below 2^31: some programs take a user id for a signed number. */
const ID_SLOTS = 31;

/**
 * Run once inside the new namespace; $1 is the platform's run folder, $2 its data folder. Constant text: nothing is put into it.
 *
 * Of the host's file systems it keeps those that hold programs, settings, and the folders in which Incus works. A disk that was copied along would stay in use here
 * after the host had unmounted it, wherever the host does not share its mounts.
 */
const SET_UP = `
old=$1/sys
mkdir -p "$old"
mount --rbind /sys "$old"
mount -t sysfs sysfs /sys
for d in fs/cgroup kernel/security fs/bpf fs/fuse/connections; do
  if mountpoint -q "$old/$d"; then mount --rbind "$old/$d" "/sys/$d"; fi
done
umount -l "$old"
# A namespace copied along would live on here after its owner removed it.
if mountpoint -q /run/netns; then umount -l -R /run/netns; fi
while read -r device path rest; do
  path=$(printf %b "$path")
  case $path in / | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /etc/* | /usr | /usr/* | /bin | /sbin | /lib* | /opt | /opt/* | "$2"/*) continue ;; esac
  for kept in "$1" "$2" /etc /tmp /var/cache /var/lib /var/log /var/tmp; do
    case $kept/ in "$path"/*) continue 2 ;; esac
  done
  umount -l "$path" || :
done < /proc/self/mounts
for f in subuid subgid; do
  if [ -e /etc/$f ]; then mount --bind "$1/$f" /etc/$f; fi
done
`;

export async function ensureMountNamespace(
  names: PlatformNames,
  dataDir: string,
  slot: number,
  pid?: number,
): Promise<void> {
  if (await isPinnedNamespace(names.mountPin)) return;
  await clearPin(names);
  const pinDir = dirname(names.mountPin);
  await mkdir(pinDir, { recursive: true, mode: 0o700 });
  // The kernel pins a mount namespace only on a mount that is private.
  await runCommand('mount', ['--bind', pinDir, pinDir]);
  await runCommand('mount', ['--make-private', pinDir]);
  await writeFile(names.mountPin, '');
  if (pid !== undefined) {
    await runCommand('mount', ['--bind', `/proc/${pid}/ns/mnt`, names.mountPin]);
    return;
  }
  const range = `root:${FIRST_ID + (slot % ID_SLOTS) * IDS_PER_SLOT}:${IDS_PER_SLOT}\n`;
  await writeFile(`${names.runDir}/subuid`, range);
  await writeFile(`${names.runDir}/subgid`, range);
  await runCommand('nsenter', [
    `--net=${namespacePath(names.cloudNamespace)}`,
    '--',
    'unshare',
    `--mount=${names.mountPin}`,
    '--propagation=slave',
    '--',
    'sh',
    '-ec',
    SET_UP,
    'sh',
    names.runDir,
    await realpath(dataDir),
  ]);
}

/** Processes whose mount namespace is the pinned one: incusd, its children, the instances' monitors. */
export async function listMountNamespaceProcesses(names: PlatformNames): Promise<number[]> {
  if (!(await isPinnedNamespace(names.mountPin))) return [];
  const wanted = `mnt:[${(await stat(names.mountPin)).ino}]`;
  const found: number[] = [];
  for (const pid of await listProcesses()) {
    if ((await readlink(`/proc/${pid}/ns/mnt`).catch(() => '')) === wanted) found.push(pid);
  }
  return found;
}

/** Unmounts what Incus mounted below its folder, deepest first, then lets the namespace go. No process may be left in it. */
export async function removeMountNamespace(names: PlatformNames, incusDir: string): Promise<void> {
  if (await isPinnedNamespace(names.mountPin)) {
    const { stdout } = await runCommand('nsenter', [`--mount=${names.mountPin}`, '--', 'cat', '/proc/self/mounts']);
    for (const path of mountsBelow(stdout, incusDir)) {
      await runCommand('nsenter', [`--mount=${names.mountPin}`, '--', 'umount', path], { okCodes: [0, 32] });
    }
  }
  await clearPin(names);
  for (const name of ['subuid', 'subgid']) await rm(`${names.runDir}/${name}`, { force: true });
  // Never recursive: /sys was mounted on it, if only in the other namespace. One that is gone or not empty is left.
  await rmdir(`${names.runDir}/sys`).catch(() => undefined);
}

/** Mount points below a folder, deepest first. /proc/mounts writes blanks as \040. */
export function mountsBelow(mounts: string, folder: string): string[] {
  return mounts
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8))),
    )
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

async function clearPin(names: PlatformNames): Promise<void> {
  const pinDir = dirname(names.mountPin);
  // Each can be mounted more than once when starts were cut short; the bound is far above that.
  for (const path of [names.mountPin, pinDir]) {
    for (let round = 0; round < 8; round++) {
      const { code } = await runCommand('umount', [path], { okCodes: [0, 1, 32] });
      if (code !== 0) break;
    }
  }
  if ((await readdir(pinDir).catch(() => [])).length > 0) await rm(names.mountPin, { force: true });
  await rm(pinDir, { recursive: true, force: true });
}
