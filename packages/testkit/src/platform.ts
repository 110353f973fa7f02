import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { stopDaemon } from '../../server/src/engines/incus/incus-daemon.ts';
import { endInstanceProcesses } from '../../server/src/engines/incus/instance-processes.ts';
import { findLeftovers } from '../../server/src/engines/leftovers.ts';
import { removePlatformNetwork } from '../../server/src/engines/linux-network/linux-network-engine.ts';
import { platformNames } from '../../server/src/engines/names.ts';
import { type IncusBackdoor, openIncusBackdoor } from './platform-incus.ts';
import { findParts, findProcessesNaming, kill9, lives, type Part } from './platform-processes.ts';
import { GiveUp, waitFor } from './platform-wait.ts';

/** A whole platform under test: the supervisor with all below it, on this host, in a folder of its own. */
export interface RunningPlatform {
  /** `http://127.0.0.1:<port>` */
  readonly address: string;
  readonly apiPort: number;
  /** Of the AWS door. */
  readonly awsAddress: string;
  readonly pgPort: number;
  readonly dataDir: string;
  readonly incus: IncusBackdoor;
  /** Known once it was ready for the first time. */
  platformId(): string;
  /** The platform's mark in names outside: 8 hex digits. */
  mark(): string;
  /** The process of a part, awaited while it restarts. */
  pid(part: Part): Promise<number>;
  /** Kills one part with SIGKILL; resolves when that process is gone. */
  kill(part: Part): Promise<number>;
  /** Kills all parts at once with SIGKILL; instances run on. */
  killAll(): Promise<void>;
  /** As a power cut leaves it: everything killed, instances too, and of what is not on the disk nothing left. */
  cutPower(): Promise<void>;
  /** Looks behind the scenes as the tables' owner, whom row-level security does not bind. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Starts it again on the same folder, after stop or killAll. Milliseconds until it was ready. */
  start(): Promise<number>;
  /** SIGTERM; waits for the end. Throws when it ends badly or leaves anything on the host but its folder. */
  stop(): Promise<void>;
  /** For failures: the newest lines of every log and what the queue of work complains about. */
  explain(): Promise<string>;
  /** What it printed so far. */
  output(): string;
  /** Stops it by all means and removes the folder. Throws, after cleaning up, when the orderly stop failed or left something. */
  close(): Promise<void>;
}

export interface PlatformOptions {
  /** More settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the API listens; default 127.0.0.1. `address` stays the one on loopback. */
  readonly listenHost?: '127.0.0.1' | '0.0.0.0';
  /** Where its folder is made; default /tmp. At most 20 bytes: sockets lie below it. */
  readonly parent?: string;
  /** Runs the supervisor as this user. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const MAIN = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));
/** A first start makes a cluster and a storage pool: 5 s alone, more beside others. */
const READY_MS = 90_000;
const STOP_MS = 75_000;

/** Makes a folder and starts a platform in it. The caller calls `close`. */
export async function startPlatform(options: PlatformOptions = {}): Promise<RunningPlatform> {
  const base = mkdtempSync(`${options.parent ?? '/tmp'}/tc-`);
  chmodSync(base, options.user ? 0o777 : 0o711);
  const platform = createPlatform(base, ...(await freePorts()), options);
  try {
    await platform.start();
    return platform;
  } catch (error) {
    await platform.close().catch(() => undefined);
    throw error;
  }
}

function createPlatform(
  base: string,
  apiPort: number,
  awsPort: number,
  pgPort: number,
  options: PlatformOptions,
): RunningPlatform {
  const dataDir = join(base, 'd');
  const outPath = join(base, 'out');
  const address = `http://127.0.0.1:${apiPort}`;
  const incus = openIncusBackdoor(dataDir);
  let child: ChildProcess | undefined;
  let platformId = '';

  const output = (): string => (existsSync(outPath) ? readFileSync(outPath, 'utf8') : '');
  const ended = (): boolean => child === undefined || child.exitCode !== null || child.signalCode !== null;
  const waitForEnd = (deadlineMs: number): Promise<true> =>
    waitFor('the end of the supervisor', () => ended(), { deadlineMs, stepMs: 50, explain });

  async function start(): Promise<number> {
    const begun = performance.now();
    const before = output().length;
    const out = openSync(outPath, 'a', 0o644);
    child = spawn(process.execPath, [MAIN], {
      cwd: '/',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: base,
        ...settings(dataDir, pgPort),
        CLOUD_LISTEN: `${options.listenHost ?? '127.0.0.1'}:${apiPort}`,
        CLOUD_AWS_LISTEN: `${options.listenHost ?? '127.0.0.1'}:${awsPort}`,
        ...options.env,
      },
      // When the test run dies, the channel closes and the platform stops by itself.
      stdio: ['ignore', out, out, 'ipc'],
      detached: true,
      ...options.user,
    });
    closeSync(out);
    child.unref();
    child.channel?.unref();
    await waitFor(
      'the platform to be ready',
      async (saw) => {
        if (ended()) throw new GiveUp(`it ended with ${child?.exitCode ?? child?.signalCode}: ${output()}`);
        saw(output().slice(before));
        return output().slice(before).includes('The Cloud is ready') && (await fetch(`${address}/health`)).ok;
      },
      { deadlineMs: READY_MS, stepMs: 25, explain },
    );
    const [row] = await query<{ platform_id: string }>('select platform_id from platform');
    platformId = row?.platform_id ?? '';
    return performance.now() - begun;
  }

  async function query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const secrets = JSON.parse(readFileSync(join(dataDir, 'secrets', 'database.json'), 'utf8')) as { owner: string };
    const connection = { host: '127.0.0.1', port: pgPort, user: 'cloud', password: secrets.owner };
    const client = new pg.Client({ ...connection, database: 'thecloud', connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(text, [...values])).rows as Row[];
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  const supervisor = (): number => {
    if (child?.pid === undefined || ended()) throw new Error('the platform does not run');
    return child.pid;
  };

  const pid = (part: Part): Promise<number> =>
    waitFor(`a process of ${part}`, () => findParts(supervisor())[part], { stepMs: 20, explain });

  async function kill(part: Part): Promise<number> {
    const found = await pid(part);
    kill9(found);
    await waitFor(`the end of ${part} (${found})`, () => !lives(found), { stepMs: 5 });
    return found;
  }

  async function killAll(): Promise<void> {
    const parts = Object.values(findParts(supervisor()));
    // The supervisor first, so that it restarts none of the others.
    for (const found of [supervisor(), ...parts]) kill9(found);
    await waitForEnd(10_000);
    await waitFor('the end of all parts', () => !parts.some(lives), { stepMs: 20 });
  }

  async function cutPower(): Promise<void> {
    await killAll();
    const names = platformNames(platformId);
    await waitFor('the end of PostgreSQL', () => postgresOf(dataDir).length === 0, { stepMs: 20 });
    await endInstanceProcesses(names);
    await wipe();
  }

  /** Everything outside the folder. */
  async function wipe(): Promise<void> {
    if (platformId === '') return;
    await stopDaemon({ dataDir, platformId }, 0);
    await removePlatformNetwork(platformId);
  }

  async function stop(): Promise<void> {
    if (ended()) return;
    child?.kill('SIGTERM');
    await waitForEnd(STOP_MS);
    if (child?.exitCode !== 0)
      throw new Error(`the platform ended with ${child?.exitCode ?? child?.signalCode}: ${output().slice(-2000)}`);
    await expectNothingLeft();
  }

  async function expectNothingLeft(): Promise<void> {
    await waitFor(
      'nothing of the platform left on the host',
      async (saw) => {
        const left = [
          ...(isRoot(options) ? await findLeftovers(platformId, dataDir) : []),
          ...findProcessesNaming(base).map((found) => `process ${found.pid} ${found.words}`),
          ...postgresOf(dataDir).map((found) => `postgres ${found}`),
        ];
        saw(left.join('\n'));
        return left.length === 0;
      },
      // The kernel frees a loop device and a namespace some time after their last user went.
      { deadlineMs: 8_000, explain },
    );
  }

  async function explain(): Promise<string> {
    const logs = join(dataDir, 'logs');
    const files = existsSync(logs) ? readdirSync(logs).map((name) => join(logs, name)) : [];
    files.push(...['incusd.out', 'incusd.log'].map((name) => join(dataDir, name)));
    const tails = files.filter((file) => existsSync(file)).map((file) => tail(file));
    const queue = await query<{ line: string }>(
      `select concat_ws(' ', kind, id, 'attempts', attempts, 'due', due_at - now(), 'lease', leased_until - now(), last_error) as line
       from reconcile where last_error is not null or attempts > 0 or leased_until is not null limit 20`,
    ).catch((error: unknown) => [{ line: `(the queue cannot be read: ${String(error)})` }]);
    return [
      `--- printed\n${output().slice(-2000)}`,
      ...tails,
      `--- queue\n${queue.map((row) => row.line).join('\n')}`,
    ].join('\n');
  }

  async function close(): Promise<void> {
    let failure: unknown;
    try {
      await stop();
    } catch (error) {
      failure = error;
      if (!ended()) child?.kill('SIGKILL');
      for (const found of [...findProcessesNaming(base).map((one) => one.pid), ...postgresOf(dataDir)]) kill9(found);
      await wipe();
    }
    rmSync(base, { recursive: true, force: true });
    if (failure !== undefined)
      throw new Error(`the platform did not stop well: ${explainError(failure)}`, { cause: failure });
  }

  return {
    address,
    apiPort,
    awsAddress: `http://127.0.0.1:${awsPort}`,
    pgPort,
    dataDir,
    incus,
    platformId: () => platformId,
    mark: () => platformNames(platformId).mark,
    pid,
    kill,
    killAll,
    cutPower,
    query,
    start,
    stop,
    explain,
    output,
    close,
  };
}

const isRoot = (options: PlatformOptions): boolean => process.getuid?.() === 0 && (options.user?.uid ?? 0) === 0;

function settings(dataDir: string, pgPort: number): Record<string, string> {
  return {
    CLOUD_DATA_DIR: dataDir,
    CLOUD_PG_PORT: String(pgPort),
    CLOUD_EGRESS: 'none',
    CLOUD_TEST_MODE: 'on',
    CLOUD_LOG_LEVEL: 'info',
    CLOUD_AUTH_RATE_LIMIT: '100000',
    CLOUD_RATE_LIMIT: '10000',
    CLOUD_STORAGE_SIZE_GB: '20',
    // A small machine carries many small instances; each test says what it needs.
    CLOUD_OVERCOMMIT_CPU: '50',
    CLOUD_OVERCOMMIT_MEMORY: '4',
    CLOUD_OVERCOMMIT_DISK: '50',
  };
}

/** Processes that work in the cluster's folder: the postmaster may be gone and backends live on for a moment. */
function postgresOf(dataDir: string): number[] {
  return findProcessesNaming(dataDir)
    .filter(({ words }) => words.includes('/postgres -D'))
    .map(({ pid }) => pid);
}

function tail(path: string, lines = 25): string {
  const text = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines);
  return `--- ${path}\n${text.map((line) => line.slice(0, 400)).join('\n')}`;
}

/**
 * Taken all at once, so that no two are the same, and given back: a moment later another process could have one, which no test machine does to
 * us.
 */
async function freePorts(): Promise<[api: number, aws: number, pg: number]> {
  const servers = [createServer(), createServer(), createServer()] as const;
  try {
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    const [api, aws, pg] = servers.map((server) => (server.address() as AddressInfo).port);
    return [api!, aws!, pg!];
  } finally {
    for (const server of servers) server.close();
  }
}

const explainError = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error));
