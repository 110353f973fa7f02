import type { EntryFacts, Facts } from './facts.ts';

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** One sentence: what is so. */
  readonly message: string;
  /** One sentence: how to mend it. Of every warning and failure. */
  readonly mend?: string;
}

const GIB = 1024 ** 3;
/** What a start needs: the cluster, the images and the smallest pool. */
const LEAST_FREE_BYTES = 4 * GIB;
/** Below this part of the disk or its inodes a busy platform is full within hours. */
const LOW_SHARE = 0.1;
const LEAST_INODES = 10_000;
/** What limits an instance's processors, memory, processes and disk. */
const CONTROLLERS = ['cpu', 'memory', 'pids', 'io'];
const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];
const OLDEST_NODE = 20;
const OLDEST_POSTGRES = 15;
const OLDEST_INCUS = 6;
/** The first with idmapped mounts of btrfs, on which instances' disks lie. */
const OLDEST_KERNEL = [5, 15] as const;
/** Milliseconds that a file may be newer than now: no more than what two reads of a clock differ. */
const FUTURE_MS = 60_000;

const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message });
const warn = (check: string, message: string, mend: string): Finding => ({ check, status: 'warn', message, mend });
const fail = (check: string, message: string, mend: string): Finding => ({ check, status: 'fail', message, mend });

/** What the facts say about this machine. The same facts give the same findings. */
export function diagnose(facts: Facts): readonly Finding[] {
  return [
    checkRoot(facts),
    ...checkVersions(facts),
    ...checkKernel(facts),
    ...checkDisk(facts),
    ...checkDataDir(facts),
    ...checkPorts(facts),
    ...checkClock(facts),
    checkLeftovers(facts),
    ...checkDatabase(facts),
  ];
}

const checkRoot = ({ isRoot }: Facts): Finding =>
  isRoot
    ? ok('user', 'this command runs as root and sees everything')
    : warn(
        'user',
        'this command does not run as root, so it cannot see secrets, firewall tables and other users’ processes',
        'run it with sudo',
      );

function checkVersions({ node, postgres, incus, hasLxcfs, database }: Facts): readonly Finding[] {
  const newest = Math.max(0, ...postgres);
  return [
    Number.parseInt(node, 10) >= OLDEST_NODE
      ? ok('node', `Node ${node} is installed; the platform brings its own Node 24`)
      : fail('node', `Node ${node} is older than ${OLDEST_NODE}`, `install Node ${OLDEST_NODE} or later`),
    ...(database.kind === 'external'
      ? []
      : [
          newest >= OLDEST_POSTGRES
            ? ok('postgresql', `PostgreSQL ${newest} is installed`)
            : fail(
                'postgresql',
                newest === 0 ? 'PostgreSQL is not installed' : `PostgreSQL ${newest} is older than ${OLDEST_POSTGRES}`,
                'run npm start, which installs it, or set DATABASE_URL to another server',
              ),
        ]),
    incus === undefined
      ? fail('incus', 'Incus is not installed, so no instance can run', 'run npm start as root, which installs it')
      : Number.parseInt(incus, 10) >= OLDEST_INCUS
        ? ok('incus', `Incus ${incus} is installed`)
        : fail(
            'incus',
            `Incus ${incus} is older than ${OLDEST_INCUS}.0`,
            'install the package incus from bookworm-backports',
          ),
    hasLxcfs
      ? ok('lxcfs', 'lxcfs is installed, so instances see their own memory and load')
      : warn(
          'lxcfs',
          'lxcfs is not installed, so instances see the memory and load of the host',
          'apt-get install lxcfs',
        ),
  ];
}

function checkKernel(facts: Facts): readonly Finding[] {
  const { kernel, cgroups, namespaces, maxUserNamespaces, fileSystems, nftables, isRoot } = facts;
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const isNew = major > OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor >= OLDEST_KERNEL[1]);
  const missing = CONTROLLERS.filter((name) => !cgroups.controllers.includes(name));
  const absent = NAMESPACES.filter((name) => !namespaces.includes(name));
  const files = ['btrfs', 'overlay'].filter((name) => !fileSystems.includes(name));
  return [
    isNew
      ? ok('kernel', `Linux ${kernel} has idmapped mounts`)
      : fail(
          'kernel',
          `Linux ${kernel} has no idmapped mounts of btrfs`,
          `install Linux ${OLDEST_KERNEL.join('.')} or later`,
        ),
    missing.length > 0
      ? fail(
          'cgroups',
          `the control groups do not limit ${missing.join(', ')}, so limits of instances do not hold`,
          `boot without cgroup_disable=${missing[0]}, or delegate the controllers to this container`,
        )
      : cgroups.version === 1
        ? warn(
            'cgroups',
            'this machine has cgroups of version 1, which limit instances but are going out of use',
            'boot with systemd.unified_cgroup_hierarchy=1',
          )
        : ok('cgroups', `cgroups v2 limit ${CONTROLLERS.join(', ')}`),
    absent.length > 0
      ? fail(
          'namespaces',
          `the kernel has no namespaces of kind ${absent.join(', ')}`,
          'use the kernel of the distribution',
        )
      : maxUserNamespaces === 0
        ? fail(
            'namespaces',
            'user namespaces are turned off, so no instance can start',
            'sysctl -w user.max_user_namespaces=65536',
          )
        : ok('namespaces', 'the kernel has all kinds of namespaces'),
    files.length === 0
      ? ok('file systems', 'the kernel has btrfs and overlay')
      : fail(
          'file systems',
          `the kernel has no ${files.join(' and no ')}, on which instances' disks lie`,
          `install the kernel of the distribution, or load it: modprobe ${files[0]}`,
        ),
    nftables.works
      ? ok('nftables', 'nftables work')
      : isRoot
        ? fail(
            'nftables',
            `nftables do not work (${nftables.said}), so no network can be made`,
            'apt-get install nftables, and load the module nf_tables',
          )
        : warn('nftables', 'only root can tell whether nftables work', 'run it with sudo'),
  ];
}

function checkDisk({ dataDir: { path, disk, isReadOnly } }: Facts): readonly Finding[] {
  const free = `${(disk.freeBytes / GIB).toFixed(1)} GiB`;
  const share = disk.bytes === 0 ? 0 : disk.freeBytes / disk.bytes;
  // Some file systems, such as btrfs, have no fixed number of inodes and answer 0.
  const inodes = disk.inodes === 0 ? undefined : disk.freeInodes;
  return [
    isReadOnly
      ? fail(
          'disk',
          `the disk of ${path} is read-only`,
          'look for errors in dmesg, and mount it again with write access',
        )
      : disk.freeBytes < LEAST_FREE_BYTES
        ? fail(
            'disk',
            `only ${free} are free for ${path}`,
            `free at least ${LEAST_FREE_BYTES / GIB} GiB, or set CLOUD_DATA_DIR to a larger disk`,
          )
        : share < LOW_SHARE
          ? warn(
              'disk',
              `only ${free} (${(share * 100).toFixed(0)} %) are free for ${path}`,
              'free some space before the platform refuses writes',
            )
          : ok('disk', `${free} are free for ${path}`),
    inodes !== undefined && (inodes < LEAST_INODES || inodes / disk.inodes < LOW_SHARE / 10)
      ? fail(
          'inodes',
          `only ${inodes} inodes are free for ${path}`,
          'remove small files, or use a disk with more inodes',
        )
      : ok('inodes', inodes === undefined ? `the disk of ${path} has no limit of inodes` : `${inodes} inodes are free`),
  ];
}

function checkDataDir({ dataDir, isRoot }: Facts): readonly Finding[] {
  const { path, exists, entries, closedParents, isRunning } = dataDir;
  if (!exists) return [ok('data folder', `${path} does not exist yet; the first start makes it`)];
  const found: Finding[] = closedParents.map((parent) =>
    fail('data folder', `the platform's system users cannot pass ${parent}`, `chmod o+x ${parent}`),
  );
  for (const entry of entries) found.push(...checkEntry(entry, isRoot));
  if (found.length > 0) return found;
  return [
    ok(
      'data folder',
      `${path} has the right owners and permissions; a platform ${isRunning ? 'runs' : 'does not run'} in it`,
    ),
  ];
}

function checkEntry({ path, exists, mode, owner, size, wanted }: EntryFacts, isRoot: boolean): readonly Finding[] {
  const check = 'data folder';
  if (!exists)
    return wanted.needed && isRoot
      ? [fail(check, `${path} is missing`, 'restore it from a backup; a new one cannot read what the old one sealed')]
      : [];
  const found: Finding[] = [];
  const extra = Number.parseInt(mode, 8) & ~Number.parseInt(wanted.mode, 8);
  if (extra !== 0)
    found.push(fail(check, `${path} has the permissions ${mode}, which let others in`, `chmod ${wanted.mode} ${path}`));
  if (owner !== wanted.owner)
    found.push(fail(check, `${path} belongs to ${owner} and not to ${wanted.owner}`, `chown ${wanted.owner} ${path}`));
  if (wanted.size !== undefined && size !== wanted.size)
    found.push(fail(check, `${path} has ${size} bytes and not ${wanted.size}`, 'restore it from a backup'));
  return found;
}

const checkPorts = ({ ports }: Facts): readonly Finding[] =>
  ports.map(({ setting, port, taken, by }) =>
    taken === 'by another'
      ? fail(
          'ports',
          `port ${port} (${setting}) is used by ${by ?? 'another program'}`,
          `stop that program, or set ${setting} to another port`,
        )
      : ok('ports', `port ${port} (${setting}) is ${taken === 'free' ? 'free' : 'the platform’s'}`),
  );

function checkClock({ now, newestFile, isClockSynchronised }: Facts): readonly Finding[] {
  if (newestFile && newestFile.at - now > FUTURE_MS)
    return [
      fail(
        'clock',
        `the clock says ${new Date(now).toISOString()}, but ${newestFile.path} was written at ${new Date(newestFile.at).toISOString()}`,
        'set the clock, or turn on a time service: timedatectl set-ntp true',
      ),
    ];
  if (isClockSynchronised === false)
    return [
      warn(
        'clock',
        'no time service keeps the clock right, so keys and logins may expire early or late',
        'timedatectl set-ntp true',
      ),
    ];
  return [
    ok(
      'clock',
      isClockSynchronised ? 'a time service keeps the clock right' : 'no file of the platform is from the future',
    ),
  ];
}

function checkLeftovers({ leftovers, dataDir: { isRunning } }: Facts): Finding {
  if (isRunning || leftovers.length === 0)
    return ok(
      'leftovers',
      isRunning ? 'the platform runs, so nothing is left over' : 'nothing of a dead platform is left',
    );
  const some = leftovers.slice(0, 3).join(', ');
  return warn(
    'leftovers',
    `a platform that died left ${leftovers.length} ${leftovers.length === 1 ? 'thing' : 'things'} behind: ${some}${leftovers.length > 3 ? ' …' : ''}`,
    'start and stop the platform, which ends them, or restart the machine',
  );
}

function checkDatabase({ database, dataDir, isRoot }: Facts): readonly Finding[] {
  const { kind, answer, newestMigration } = database;
  if (answer === undefined) {
    if (dataDir.isRunning && !isRoot)
      return [warn('database', 'only root can read the password of the database', 'run it with sudo')];
    return [ok('database', 'the platform does not run, and its database neither')];
  }
  if (!answer.ok)
    return [
      fail(
        'database',
        `the database does not answer: ${answer.said}`,
        kind === 'own'
          ? `read ${dataDir.path}/logs/postgres.log, and restart the platform`
          : 'check DATABASE_URL and the server',
      ),
    ];
  const { migration } = answer;
  if (newestMigration !== undefined && migration !== newestMigration)
    return [
      ok('database', 'the database answers'),
      fail(
        'migrations',
        migration < newestMigration
          ? `the database has migration ${migration}, and this version needs ${newestMigration}`
          : `the database has migration ${migration}, which is newer than this version's ${newestMigration}`,
        migration < newestMigration
          ? 'restart the platform, or run: npm run migrate'
          : 'use the version that wrote the database, or a newer one',
      ),
    ];
  return [ok('database', 'the database answers'), ok('migrations', `the database has migration ${migration}`)];
}
