import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Paths } from '../config.ts';
import { flushFolder } from '../kernel/files.ts';
import { SettingsError } from '../setting-readers.ts';
import { withLog } from './log-files.ts';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { endChild, findProcessesIn, findProcessesWith, hasEnded } from './processes.ts';
import type { Identity } from './system-users.ts';

/** The platform's own cluster: where it lies, who runs it, how to become its superuser. */
export interface Cluster {
  readonly paths: Paths;
  readonly identity: Identity;
  readonly isRoot: boolean;
  readonly binaries: PostgresBinaries;
  readonly superuserPassword: string;
  /** Connections it takes, at most. */
  readonly maxConnections: number;
}

/** How long a cluster may need to replay its log after a power cut. */
const RECOVERY_MS = 10 * 60_000;
const READY_MS = 60_000;

/** The programs that fit the cluster in the folder, or the newest for a new one. */
export function findBinariesFor(paths: Paths, searchPath: string): PostgresBinaries {
  const file = join(paths.postgres, 'PG_VERSION');
  return findPostgres(searchPath, existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined);
}

/** Tells the platform's cluster from another that somebody put there. */
const MADE_MARK = 'thecloud.made';

/** Makes the cluster where there is none: in a folder beside, which gets its name when it is whole. One second. */
export async function createClusterOnce(cluster: Cluster): Promise<boolean> {
  const { postgres, run } = cluster.paths;
  if (existsSync(join(postgres, MADE_MARK))) return false;
  if (readdirSync(postgres).length > 0) {
    throw new SettingsError(`${postgres} contains files that are not the platform's; move them away`);
  }
  const made = `${postgres}.new`;
  await endInitdb(made);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, 0o700);
  chownSync(made, cluster.identity.uid, cluster.identity.gid);
  // initdb reads the password from a real file only once it runs as the other user.
  const passwordFile = join(run, 'initdb.password');
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, cluster.superuserPassword, { mode: 0o600, flag: 'wx' });
  try {
    chownSync(passwordFile, cluster.identity.uid, cluster.identity.gid);
    execFileSync(
      join(cluster.binaries.folder, 'initdb'),
      [
        ['--pgdata', made],
        ['--username', 'postgres'],
        ['--auth', 'scram-sha-256'],
        ['--pwfile', passwordFile],
        ['--encoding', 'UTF8'],
        ['--locale', process.platform === 'linux' ? 'C.UTF-8' : 'C'],
        ['--data-checksums'],
      ].flat(),
      { ...runAs(cluster), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000, env: childEnvironment() },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeAsOwner(cluster, made, 'postgresql.conf', SETTINGS_FILE);
  writeAsOwner(cluster, made, MADE_MARK, '');
  // initdb has flushed the rest. An empty folder may be in the way.
  flushFolder(made);
  renameSync(made, postgres);
  flushFolder(dirname(postgres));
  return true;
}

/** A killed start leaves its initdb at work, and the servers that initdb runs. */
async function endInitdb(folder: string): Promise<void> {
  const running = () => [...findProcessesWith(folder), ...findProcessesIn(folder, 'postgres')];
  for (const deadline = performance.now() + 10_000; running().length > 0; await pause(20)) {
    if (performance.now() > deadline)
      throw new Error(`an initdb of an earlier start does not end (${running().join(', ')})`);
    for (const pid of running()) signalIfThere(pid, 'SIGKILL');
  }
}

function writeAsOwner(cluster: Cluster, folder: string, name: string, content: string): void {
  const path = join(folder, name);
  const descriptor = openSync(path, 'w', 0o600);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  chownSync(path, cluster.identity.uid, cluster.identity.gid);
}

/**
 * The operator may change all of it (this file once made, or ALTER SYSTEM); port, address and socket are given at each start.
 * Archiving is on from the first day, with a command that keeps nothing: point-in-time recovery then needs
 * `alter system set archive_command = …` and a reload, never a restart.
 */
const SETTINGS_FILE = `# Written once by The Cloud; yours to change.
wal_level = replica
archive_mode = on
archive_command = '/bin/true'
password_encryption = scram-sha-256
shared_buffers = 128MB
log_timezone = UTC
timezone = UTC
log_line_prefix = '%m [%p] %u@%d '
log_min_duration_statement = 1s
`;

/** No value of a statement or a row reaches the log: a password's hash may be among them. The operator's settings do not change that. */
const SECRET_LOG = [
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
  // Without DETAIL, which shows the whole row that breaks a constraint.
  'log_error_verbosity=terse',
];

/** Starts the cluster as a child of this process; a terminal's Ctrl-C does not reach it. Ready when {@link waitUntilReady} says so. */
export function startPostgres(cluster: Cluster, port: number): ChildProcess {
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${cluster.paths.postgresSocketDir}`,
    `max_connections=${cluster.maxConnections}`,
    ...SECRET_LOG,
  ];
  return withLog(join(cluster.paths.logs, 'postgres.log'), (log) =>
    spawn(
      join(cluster.binaries.folder, 'postgres'),
      ['-D', cluster.paths.postgres, ...settings.flatMap((setting) => ['-c', setting])],
      { ...runAs(cluster), cwd: '/', detached: true, stdio: ['ignore', log, log], env: childEnvironment() },
    ),
  );
}

/** uid and gid only for root: no other may change them, not even to its own. */
export function runAs(who: { readonly identity: Identity; readonly isRoot: boolean }): { uid?: number; gid?: number } {
  return who.isRoot ? { uid: who.identity.uid, gid: who.identity.gid } : {};
}

/** Nothing of ours leaks into a child: no secret, no proxy, no locale. */
export function childEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', TZ: 'UTC' };
}

/** As the superuser, through the socket. */
export async function connectAsSuperuser(cluster: Cluster, port: number, database = 'postgres'): Promise<pg.Client> {
  const client = new pg.Client({
    host: cluster.paths.postgresSocketDir,
    port,
    user: 'postgres',
    password: cluster.superuserPassword,
    database,
    connectionTimeoutMillis: 5_000,
  });
  // A server that dies under an idle connection must not end this process; the next query fails and says so.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Waits until the cluster takes connections. Recovery after a crash is waited for, ten minutes at most. */
export async function waitUntilReady(cluster: Cluster, child: ChildProcess, port: number): Promise<void> {
  const begun = performance.now();
  let recovering = false;
  for (;;) {
    if (hasEnded(child)) throw new Error('PostgreSQL ended while it started');
    try {
      const client = await connectAsSuperuser(cluster, port);
      await client.end();
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      // 57P03: it is there and still starting up.
      recovering ||= code === '57P03';
      if (!['57P03', 'ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(code)) throw error;
      if (performance.now() - begun > (recovering ? RECOVERY_MS : READY_MS)) {
        throw new Error('PostgreSQL did not get ready in time', { cause: error });
      }
    }
    await pause(20);
  }
}

/** Fast shutdown: sessions are ended, nothing is lost. Then immediate (recovers at the next start), then by force. */
export async function stopPostgres(child: ChildProcess, hurry?: AbortSignal): Promise<void> {
  await endChild(
    child,
    [
      ['SIGINT', 30_000],
      ['SIGQUIT', 5_000],
      ['SIGKILL', 5_000],
    ],
    hurry,
  );
}

/**
 * After kill -9 of the supervisor its PostgreSQL runs on, after kill -9 of the postmaster its backends for a moment. We hold the data
 * folder's lock: whatever works in the cluster is a leftover, and is stopped before a new one starts.
 */
export async function endLeftoverPostgres(paths: Paths): Promise<boolean> {
  if (!existsSync(paths.postgres)) return false;
  const folder = realpathSync(paths.postgres);
  const pidFile = join(folder, 'postmaster.pid');
  const running = () => findProcessesIn(folder, 'postgres');
  // A postmaster that was killed may still be there as a zombie, which the next one would take for alive: its files go with it.
  const clear = () => {
    rmSync(pidFile, { force: true });
    if (!existsSync(paths.postgresSocketDir)) return;
    for (const name of readdirSync(paths.postgresSocketDir)) rmSync(join(paths.postgresSocketDir, name));
  };
  if (running().length === 0) {
    clear();
    return false;
  }
  for (const [signal, ms] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    const postmaster = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : 0;
    const all = running();
    // The postmaster tells its backends; without one they are told directly.
    for (const pid of all.includes(postmaster) ? [postmaster] : all) signalIfThere(pid, signal);
    const deadline = performance.now() + ms;
    while (running().length > 0 && performance.now() < deadline) await pause(20);
    if (running().length === 0) {
      clear();
      return true;
    }
  }
  throw new Error(`a PostgreSQL of an earlier start does not end (processes ${running().join(', ')})`);
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
