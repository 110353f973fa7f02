import { expect, it } from 'vitest';
import { diagnose, type Finding } from './checks.ts';
import type { EntryFacts, Facts } from './facts.ts';

const GIB = 1024 ** 3;
const NOW = Date.parse('2026-11-30T12:00:00Z');

const entry = (path: string, more: Partial<EntryFacts> = {}): EntryFacts => ({
  path: `/data/${path}`,
  exists: true,
  mode: '700',
  owner: 'root',
  size: 4096,
  wanted: { needed: true, mode: '700', owner: 'root' },
  ...more,
});
const masterKey = (more: Partial<EntryFacts> = {}) =>
  entry('secrets/master.key', {
    mode: '600',
    size: 32,
    wanted: { needed: true, mode: '600', owner: 'root', size: 32 },
    ...more,
  });

/** A machine with which nothing is wrong. */
const GOOD: Facts = {
  isRoot: true,
  now: NOW,
  node: '24.1.0',
  kernel: '6.1.0-18-amd64',
  postgres: [15],
  incus: '6.0.4',
  hasLxcfs: true,
  cgroups: { version: 2, controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'] },
  namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'],
  maxUserNamespaces: 65_536,
  fileSystems: ['btrfs', 'overlay'],
  nftables: { works: true, said: '' },
  dataDir: {
    path: '/data',
    exists: true,
    isRunning: true,
    disk: { freeBytes: 50 * GIB, bytes: 100 * GIB, freeInodes: 5_000_000, inodes: 6_000_000 },
    isReadOnly: false,
    entries: [entry('secrets'), masterKey()],
    closedParents: [],
  },
  ports: [{ setting: 'CLOUD_LISTEN', port: 8080, taken: 'by the platform', by: undefined }],
  isClockSynchronised: true,
  newestFile: { path: '/data/logs/api.log', at: NOW - 1_000 },
  leftovers: [],
  database: { kind: 'own', answer: { ok: true, migration: 24 }, newestMigration: 24 },
};

const withDataDir = (more: Partial<Facts['dataDir']>): Partial<Facts> => ({ dataDir: { ...GOOD.dataDir, ...more } });
const withDisk = (more: Partial<Facts['dataDir']['disk']>) => withDataDir({ disk: { ...GOOD.dataDir.disk, ...more } });
const withDatabase = (more: Partial<Facts['database']>): Partial<Facts> => ({
  database: { ...GOOD.database, ...more },
});
const badOf = (facts: Partial<Facts>): readonly Finding[] =>
  diagnose({ ...GOOD, ...facts }).filter(({ status }) => status !== 'ok');

it('a good machine has nothing but good findings', () => {
  expect(badOf({})).toEqual([]);
  expect(new Set(diagnose(GOOD).map(({ check }) => check)).size).toBeGreaterThan(14);
});

it.each<readonly [string, Partial<Facts>, Finding['status'], string, string | RegExp]>([
  ['no root', { isRoot: false }, 'warn', 'user', 'run it with sudo'],
  ['an old Node', { node: '18.19.0' }, 'fail', 'node', 'install Node 20'],
  ['no PostgreSQL', { postgres: [] }, 'fail', 'postgresql', 'run npm start'],
  ['an old PostgreSQL', { postgres: [13, 14] }, 'fail', 'postgresql', 'run npm start'],
  ['no Incus', { incus: undefined }, 'fail', 'incus', 'run npm start as root'],
  ['an old Incus', { incus: '5.21.1' }, 'fail', 'incus', 'backports'],
  ['no lxcfs', { hasLxcfs: false }, 'warn', 'lxcfs', 'apt-get install lxcfs'],
  ['an old kernel', { kernel: '5.10.0-28-amd64' }, 'fail', 'kernel', 'install Linux 5.15'],
  ['cgroups v1', { cgroups: { ...GOOD.cgroups, version: 1 } }, 'warn', 'cgroups', 'systemd.unified_cgroup_hierarchy=1'],
  [
    'no controller of memory',
    { cgroups: { version: 2, controllers: ['cpu', 'io', 'pids'] } },
    'fail',
    'cgroups',
    'cgroup_disable=memory',
  ],
  ['no user namespaces', { maxUserNamespaces: 0 }, 'fail', 'namespaces', 'user.max_user_namespaces'],
  [
    'a kind of namespace is missing',
    { namespaces: ['mnt', 'net'] },
    'fail',
    'namespaces',
    'kernel of the distribution',
  ],
  ['no btrfs', { fileSystems: ['overlay'] }, 'fail', 'file systems', 'modprobe btrfs'],
  ['nftables fail', { nftables: { works: false, said: 'not permitted' } }, 'fail', 'nftables', 'nf_tables'],
  ['a full disk', withDisk({ freeBytes: 3 * GIB }), 'fail', 'disk', 'free at least 4 GiB'],
  [
    'a disk that is nearly full',
    withDisk({ freeBytes: 9 * GIB }),
    'warn',
    'disk',
    'before the platform refuses writes',
  ],
  ['a read-only disk', withDataDir({ isReadOnly: true }), 'fail', 'disk', 'dmesg'],
  ['no inodes', withDisk({ freeInodes: 9 }), 'fail', 'inodes', 'remove small files'],
  [
    'secrets that others read',
    withDataDir({ entries: [masterKey({ mode: '644' })] }),
    'fail',
    'data folder',
    'chmod 600 /data/secrets/master.key',
  ],
  [
    'a foreign owner',
    withDataDir({ entries: [entry('secrets', { owner: 'anna' })] }),
    'fail',
    'data folder',
    'chown root /data/secrets',
  ],
  [
    'no master key',
    withDataDir({ entries: [masterKey({ exists: false })] }),
    'fail',
    'data folder',
    'restore it from a backup',
  ],
  [
    'half a master key',
    withDataDir({ entries: [masterKey({ size: 16 })] }),
    'fail',
    'data folder',
    'restore it from a backup',
  ],
  ['a closed parent', withDataDir({ closedParents: ['/root'] }), 'fail', 'data folder', 'chmod o+x /root'],
  [
    'a port of another',
    { ports: [{ setting: 'CLOUD_LISTEN', port: 8080, taken: 'by another', by: 'process 7 (nginx)' }] },
    'fail',
    'ports',
    'set CLOUD_LISTEN to another port',
  ],
  [
    'a file from the future',
    { newestFile: { path: '/data/x', at: NOW + 3_600_000 } },
    'fail',
    'clock',
    'set the clock',
  ],
  ['no time service', { isClockSynchronised: false }, 'warn', 'clock', 'timedatectl set-ntp true'],
  [
    'leftovers',
    { leftovers: ['link tcx0'], ...withDataDir({ isRunning: false }) },
    'warn',
    'leftovers',
    'start and stop the platform',
  ],
  [
    'a silent database',
    withDatabase({ answer: { ok: false, said: 'refused' } }),
    'fail',
    'database',
    '/data/logs/postgres.log',
  ],
  ['an old database', withDatabase({ newestMigration: 25 }), 'fail', 'migrations', 'npm run migrate'],
  ['a database from tomorrow', withDatabase({ newestMigration: 23 }), 'fail', 'migrations', 'or a newer one'],
])('%s is found, with the way to mend it', (_, facts, status, check, mend) => {
  expect(badOf(facts)).toMatchObject([
    { status, check, mend: typeof mend === 'string' ? expect.stringContaining(mend) : expect.stringMatching(mend) },
  ]);
});

it.each<readonly [string, Partial<Facts>]>([
  ['what a running platform has', { leftovers: ['link tcx0'] }],
  ['a data folder that the first start makes', withDataDir({ exists: false, isRunning: false })],
  [
    'a stopped platform, whose database is stopped too',
    { ...withDatabase({ answer: undefined }), ...withDataDir({ isRunning: false }) },
  ],
  ['a server of somebody else, which needs none here', { postgres: [], ...withDatabase({ kind: 'external' }) }],
  ['a disk without a number of inodes', withDisk({ inodes: 0, freeInodes: 0 })],
  ['a machine whose clock nobody vouches for', { isClockSynchronised: undefined }],
])('%s is no fault', (_, facts) => {
  expect(badOf(facts)).toEqual([]);
});

it('says of each finding one thing in one line', () => {
  const all = [GOOD, { ...GOOD, incus: undefined, nftables: { works: false, said: 'x' }, ports: [] }].flatMap(diagnose);
  for (const { message, mend, status } of all) {
    expect(message).toMatch(/^\S[^\n]*[^.\s]$/);
    expect(mend !== undefined).toBe(status !== 'ok');
  }
});
