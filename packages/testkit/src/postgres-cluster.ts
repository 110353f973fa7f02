import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

export interface PostgresCluster {
  /** A URL for this user and database, over the cluster's unix socket. Nothing listens on the network, nobody is asked for a password. */
  url(user: string, database: string): string;
  /** Ends the cluster and removes its folder. */
  stop(): Promise<void>;
}

export interface ClusterSettings {
  /** Default false: a test's data need not survive a power cut. True for crash tests. */
  readonly durable?: boolean;
  /** More `name=value` settings of the server. */
  readonly settings?: readonly string[];
  /** Milliseconds until the server must answer. Default 20,000. */
  readonly startTimeoutMs?: number;
}

/**
 * Starts the server and waits for the end of its own input. That end comes when the process that started it closes the pipe or dies in
 * whatever way, so no server and no folder outlives a test run that was killed.
 */
const GUARD = '"$@" & server=$!; cat >/dev/null; kill -QUIT "$server" 2>/dev/null; wait "$server"; rm -rf -- "$0"';

/** A private PostgreSQL cluster in a new temporary folder, superuser `postgres`. Needs the server's programs; as root they run as `postgres` or `nobody`. */
export async function startPostgresCluster(options: ClusterSettings = {}): Promise<PostgresCluster> {
  const bin = findPostgresBin();
  const identity = unprivilegedIdentity();
  const folder = mkdtempSync(join(options.durable ? tmpdir() : fastFolder(), 'thecloud-pg-'));
  if (identity.uid !== undefined && identity.gid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const data = join(folder, 'data');
  try {
    const initdb = [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ];
    await promisify(execFile)(join(bin, 'initdb'), initdb, { ...identity, cwd: folder, env: { PATH: bin } });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const fast = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'min_wal_size=32MB',
    'max_wal_size=128MB',
  ];
  const settings = [
    "listen_addresses=''",
    `unix_socket_directories=${folder}`,
    'port=5432',
    'max_connections=200',
    'shared_buffers=64MB',
    'jit=off',
    'timezone=UTC',
    ...(options.durable ? [] : fast),
    ...(options.settings ?? []),
  ].map((setting) => setting.replace(/=''$/, '='));
  const server = spawn(
    '/bin/sh',
    ['-c', GUARD, folder, join(bin, 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...identity, cwd: folder, env: { PATH: '/usr/bin:/bin' }, stdio: ['pipe', 'ignore', 'pipe'], detached: true },
  );
  const exited = once(server, 'exit');
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log = (log + chunk).slice(-8192);
  });
  // Neither the server nor its log keeps the test run alive.
  server.unref();
  const url = (user: string, database: string) =>
    `postgres://${user}@/${database}?host=${encodeURIComponent(folder)}&port=5432`;
  const stop = async () => {
    server.ref();
    server.stdin.end();
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitForServer(url('postgres', 'postgres'), options.startTimeoutMs ?? 20_000);
  } catch (error) {
    await stop();
    throw new Error(`PostgreSQL did not start: ${log.trim() || 'it said nothing'}`, { cause: error });
  }
  return { url, stop };
}

/** Memory, where there is enough of it: a clone of the template took 26 ms there and 700 ms on the disk of a busy machine. */
function fastFolder(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > 2 * 1024 ** 3 ? memory : tmpdir();
}

async function waitForServer(url: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

/** The folder with the programs of the newest PostgreSQL on the machine, 15 or later. */
export function findPostgresBin(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root)
        .map(Number)
        .filter((version) => version >= 15)
    : [];
  const candidates = [
    ...versions.sort((a, b) => b - a).map((version) => join(root, String(version), 'bin')),
    '/usr/local/pgsql/bin',
    '/usr/bin',
  ];
  const found = candidates.find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')));
  if (found === undefined)
    throw new Error(
      'no PostgreSQL 15 or later here: apt-get install postgresql, or set DATABASE_URL to a server for tests',
    );
  return found;
}

/** PostgreSQL refuses to run as root. */
function unprivilegedIdentity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user) throw new Error('neither a user postgres nor nobody: PostgreSQL cannot run as root');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
