import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findFirst } from '../../files.ts';
import { EngineError } from '../../../kernel/engine-error.ts';
import { runCommand } from '../../run-command.ts';
import type { ImageRecipe } from './image-recipe.ts';

/** One static busybox and an init of a few lines: 1 MB, built in a moment. For first tries and tests. */
export const busyboxImage: ImageRecipe = {
  name: 'busybox',
  version: '3',
  timeoutMs: 60_000,
  description: 'busybox, one static program',
  buildRoot: buildBusyboxRoot,
};

/** Where distributions put a busybox that needs no libraries (Debian and Ubuntu: package busybox-static). */
const BUSYBOX_PATHS = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static'];

/** Finds a busybox that is a static program: a dynamic one would not start in an image without libraries. */
export async function findStaticBusybox(): Promise<string> {
  const path = await findFirst(BUSYBOX_PATHS);
  if (path === undefined)
    throw new EngineError('unavailable', 'busybox is not installed: apt-get install busybox-static');
  // ldd ends with 1 on what is not dynamic.
  const { code } = await runCommand('ldd', [path], { okCodes: [0, 1] });
  if (code === 0)
    throw new EngineError('unavailable', `${path} is not a static program: apt-get install busybox-static`);
  return path;
}

const FOLDERS = [
  'bin',
  'sbin',
  'usr/bin',
  'usr/sbin',
  'etc',
  'dev',
  'proc',
  'sys',
  'run',
  'root',
  'home',
  'mnt',
  'var/log',
  'var/lib',
  'var/spool',
  'var/www',
];

/**
 * The main process of an instance that was given no command: it stays, reaps what was orphaned (ash's wait does), and ends at once when
 * it is asked to. LXC asks with SIGPWR, `halt` and `poweroff` with SIGUSR1 and SIGUSR2.
 */
const INIT = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
trap 'kill -TERM -1; exit 0' TERM PWR INT USR1 USR2
ip link set lo up
echo "$(hostname): up"
while :; do
  sleep 86400 &
  wait $!
done
`;

const FILES: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n',
  'etc/profile': 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1="\\h:\\w# "\n',
  'etc/os-release': 'NAME="busybox"\nID=busybox\nPRETTY_NAME="busybox"\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
  'etc/resolv.conf': '',
  'etc/hosts': '127.0.0.1 localhost\n',
  'etc/hostname': 'localhost\n',
};

async function buildBusyboxRoot(root: string, onProgress: (line: string) => void): Promise<void> {
  onProgress('laying out the busybox image');
  const busybox = await findStaticBusybox();
  for (const folder of FOLDERS) await mkdir(`${root}/${folder}`, { recursive: true });
  for (const folder of ['tmp', 'var/tmp']) await mkdir(`${root}/${folder}`, { recursive: true });
  await copyFile(busybox, `${root}/bin/busybox`);
  const { stdout } = await runCommand(busybox, ['--list-full']);
  for (const applet of stdout.split('\n')) {
    // /init and linuxrc are for machines; our init is a script.
    if (!/^(usr\/)?s?bin\/[a-z0-9_.[-]+$/.test(applet) || applet === 'sbin/init' || applet === 'bin/busybox') continue;
    await mkdir(dirname(`${root}/${applet}`), { recursive: true });
    await symlink('/bin/busybox', `${root}/${applet}`);
  }
  for (const [path, content] of Object.entries(FILES)) await writeFile(`${root}/${path}`, content);
  await writeFile(`${root}/etc/shadow`, 'root:*:19000:0:99999:7:::\n', { mode: 0o600 });
  await writeFile(`${root}/sbin/init`, INIT, { mode: 0o755 });
  await runCommand('chmod', ['1777', `${root}/tmp`, `${root}/var/tmp`]);
  await runCommand('chmod', ['755', `${root}/bin/busybox`, `${root}/sbin/init`]);
}
