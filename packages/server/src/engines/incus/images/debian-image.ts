import { mkdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { EngineError } from '../../../kernel/engine-error.ts';
import { runCommand, runContained } from '../../run-command.ts';
import type { ImageRecipe } from './image-recipe.ts';

const SUITE = 'bookworm';

/** Debian 12 with systemd and sshd, made by mmdebstrap from the machine's own package sources. */
export const debianImage: ImageRecipe = {
  name: 'debian/12',
  version: '1',
  timeoutMs: 20 * 60_000,
  description: 'Debian 12 with systemd and OpenSSH',
  buildRoot: buildDebianRoot,
};

const PACKAGES = [
  'systemd-sysv',
  'dbus',
  'openssh-server',
  'iproute2',
  'iputils-ping',
  'netbase',
  'ca-certificates',
  'curl',
  'procps',
  'less',
  'nano-tiny',
  'bash-completion',
];

/** The keys of every build machine's sshd would be the same; they are made at an instance's first start. */
const HOST_KEYS_UNIT = `[Unit]
Description=Make the keys of this machine's SSH server
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
`;

/** The address comes from outside; nothing in an instance may look for another. Devices are none of its business. */
const MASKED_UNITS = [
  'systemd-networkd.service',
  'systemd-networkd.socket',
  'systemd-networkd-wait-online.service',
  'systemd-udevd.service',
  'systemd-udevd-kernel.socket',
  'systemd-udevd-control.socket',
  'systemd-udev-trigger.service',
  'systemd-timesyncd.service',
  'systemd-remount-fs.service',
  'dev-hugepages.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'console-getty.service',
  'getty@.service',
  'getty.target',
];

/**
 * The step that a line of mmdebstrap tells of. All other lines are left out: tenants are shown the progress, and those hold paths of the
 * host and the addresses of its mirrors.
 */
export const stepOf = (line: string): string | undefined =>
  /^I: ((downloading|extracting|installing|cleaning|running apt-get)[a-z -]*)\.\.\.$/.exec(line)?.[1];

async function buildDebianRoot(root: string, onProgress: (line: string) => void): Promise<void> {
  const sources = await findDebianSources();
  onProgress('fetching and unpacking Debian 12 (about a minute)');
  await rm(root, { recursive: true, force: true });
  // It mounts /proc, /sys and /dev in the root that it makes.
  await runContained(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=minbase',
      `--include=${PACKAGES.join(',')}`,
      '--aptopt=APT::Install-Recommends "false"',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      SUITE,
      root,
      ...sources,
    ],
    {
      timeoutMs: debianImage.timeoutMs,
      onLine(line) {
        const step = stepOf(line);
        if (step !== undefined) onProgress(step);
      },
    },
  );
  onProgress('setting Debian up for instances');
  await adaptRoot(root);
}

async function adaptRoot(root: string): Promise<void> {
  const units = `${root}/etc/systemd/system`;
  await writeFile(`${units}/ssh-host-keys.service`, HOST_KEYS_UNIT);
  await mkdir(`${units}/multi-user.target.wants`, { recursive: true });
  await symlink('/etc/systemd/system/ssh-host-keys.service', `${units}/multi-user.target.wants/ssh-host-keys.service`);
  for (const unit of MASKED_UNITS) {
    await rm(`${units}/${unit}`, { force: true });
    await symlink('/dev/null', `${units}/${unit}`);
  }
  await rm(`${units}/default.target`, { force: true });
  await symlink('/lib/systemd/system/multi-user.target', `${units}/default.target`);
  const { stdout } = await runCommand('find', [`${root}/etc/ssh`, '-name', 'ssh_host_*']);
  for (const key of stdout.split('\n')) if (key !== '') await unlink(key);
  // Empty: systemd gives every instance its own at the first start.
  await writeFile(`${root}/etc/machine-id`, '');
  await rm(`${root}/var/lib/dbus/machine-id`, { force: true });
  await rm(`${root}/etc/resolv.conf`, { force: true });
  await writeFile(`${root}/etc/resolv.conf`, '');
  await runCommand('find', [`${root}/var/cache/apt`, `${root}/var/lib/apt/lists`, '-type', 'f', '-delete']);
}

/**
 * Lines for sources.list: the machine's own Debian mirror with this suite, its updates and its security archive.
 * Throws `unavailable` where the machine knows no Debian mirror.
 */
export async function findDebianSources(): Promise<string[]> {
  return sourceLines(await readIndexTargets());
}

/** The address of the machine's own Debian mirror. Throws `unavailable` where it knows none. */
export async function findDebianMirror(): Promise<string> {
  return sourceLines(await readIndexTargets())[0]?.split(' ')[1] ?? '';
}

async function readIndexTargets(): Promise<string> {
  const format = '$(REPO_URI)|$(CODENAME)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)|$(SIGNED_BY)';
  const { stdout } = await runCommand('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  return stdout;
}

/** Pure part of findDebianSources: from what apt says of its package lists. */
export function sourceLines(targets: string): string[] {
  const rows = targets.split('\n').map((line) => line.split('|'));
  const find = (wanted: (suite: string, label: string) => boolean): string | undefined =>
    rows.find(
      (row) => row[3] === 'main' && (row[4] === 'Debian' || row[4] === '') && wanted(row[2] ?? '', row[5] ?? ''),
    )?.[0];
  const main = find((suite, label) => !/security|updates|backports/i.test(`${suite} ${label}`));
  if (main === undefined) {
    throw new EngineError(
      'unavailable',
      'debian/12 is built from a Debian mirror, but the package sources of this machine name none',
    );
  }
  const security = find((suite, label) => /security/i.test(`${suite} ${label}`));
  const lines = [`deb ${main} ${SUITE} main`, `deb ${main} ${SUITE}-updates main`];
  if (security !== undefined) lines.push(`deb ${security} ${SUITE}-security main`);
  return lines;
}
