/**
 * The settings of the platform: one table, read once from the environment, frozen. The only file that reads process.env.
 * `npm start -- --help` prints the same table.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Address,
  choice,
  hidePassword,
  numberBetween,
  optional,
  pathOfBytes,
  type Reader,
  readAddress,
  readAddressOrOff,
  readDatabaseUrl,
  readNetworks,
  readSwitch,
  SettingsError,
  text,
  wholeBetween,
} from './setting-readers.ts';

export { type Address, SettingsError } from './setting-readers.ts';

export type Role = 'all' | 'api' | 'worker';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** What the environment says. Pure: no file is read, nothing is started. */
export interface Settings {
  readonly role: Role;
  /** Absolute. Everything the platform keeps lies below it. */
  readonly dataDir: string;
  readonly listen: Address;
  /** Of the AWS door. Undefined: it is closed. */
  readonly awsListen: Address | undefined;
  /** Undefined: the platform runs a PostgreSQL cluster of its own in the data folder. */
  readonly externalDatabaseUrl: string | undefined;
  /** Port of the own cluster on loopback. Undefined: 5433 or the next free one. */
  readonly pgPort: number | undefined;
  readonly dbPoolMax: number;
  readonly dbPoolMin: number;
  readonly logLevel: LogLevel;
  /** Chosen once: ARNs hold it. */
  readonly region: string;
  readonly registration: 'open' | 'closed';
  /** `host`: instances reach out through the host by NAT. `none`: they reach nothing but their VPC. */
  readonly egress: 'host' | 'none';
  /** GiB of the pool that holds instances and volumes. Undefined: the engine chooses from what the disk has. */
  readonly storageSizeGb: number | undefined;
  /** How many virtual CPUs may be promised for each real one. */
  readonly overcommitCpu: number;
  /** How many bytes of memory may be promised for each real one. */
  readonly overcommitMemory: number;
  /** Bytes of disk promised for each byte there is: disks take only what is written. */
  readonly overcommitDisk: number;
  /** Requests a second that one API key may make; three times as many at once. */
  readonly rateLimit: number;
  /** Registrations and logins a minute from one address. */
  readonly authRateLimit: number;
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. Empty: nobody's. */
  readonly trustedProxies: readonly string[];
  /** Waits up to this long before each commit of a pass: widens the windows of races, for tests. */
  readonly slowPassesMs: number;
  /** The kernel's guards throw: a request without an authorisation decision, a write without its audit row. */
  readonly testMode: boolean;
  readonly paths: Paths;
}

/** What a process of the platform runs on: the settings and what the supervisor (or the data folder) adds. */
export interface Config extends Settings {
  /** For the role this process logs in as: `cloud_api` or `cloud_worker`. Never the owner's. */
  readonly databaseUrl: string;
  /** 32 bytes. Seals secrets at rest. */
  readonly masterKey: Uint8Array;
  /** A UUID, kept in the database. Names of things outside derive from it, so that two platforms on one host never meet. */
  readonly platformId: string;
  readonly engine: EngineState;
}

/** Whether instances can be launched on this machine; if not, why, in words for the person who tries. */
export type EngineState = { readonly available: true } | { readonly available: false; readonly reason: string };

/** Where things lie in the data folder. All absolute. */
export interface Paths {
  readonly data: string;
  /** The PostgreSQL cluster. */
  readonly postgres: string;
  /** Sockets, the lock, pids: all of it may be deleted while the platform is stopped. */
  readonly run: string;
  readonly postgresSocketDir: string;
  /** Live streams: the worker serves it, the API's user may enter its folder, nobody else. */
  readonly workerSocket: string;
  /** Folder 0700: master key and passwords. */
  readonly secrets: string;
  readonly masterKey: string;
  readonly incus: string;
  readonly images: string;
  /** The bundle that the processes run, and the Node that runs it. */
  readonly app: string;
  readonly logs: string;
}

interface Setting<T> {
  readonly name: string;
  readonly read: Reader<T>;
  /** Shown by --help. */
  readonly fallback: string;
  readonly help: string;
}

function setting<T>(name: string, fallback: string, read: Reader<T>, help: string): Setting<T> {
  return { name, fallback, read, help };
}

/** PostgreSQL and Linux take at most 107 bytes for the path of a socket; the longest of ours below the data folder has 31. */
const LONGEST_DATA_DIR = 76;

const SETTINGS = {
  role: setting(
    'CLOUD_ROLE',
    'all',
    choice<Role>('all', 'api', 'worker'),
    'all: everything on this machine. api or worker: that one process, in the foreground, with DATABASE_URL',
  ),
  dataDir: setting('CLOUD_DATA_DIR', '', pathOfBytes(LONGEST_DATA_DIR), 'folder of everything the platform keeps'),
  listen: setting('CLOUD_LISTEN', '127.0.0.1:8080', readAddress, 'where the REST API and its documentation answer'),
  awsListen: setting('CLOUD_AWS_LISTEN', '127.0.0.1:4566', readAddressOrOff, 'where the AWS API answers; off: nowhere'),
  externalDatabaseUrl: setting(
    'DATABASE_URL',
    '',
    optional(readDatabaseUrl),
    'a PostgreSQL 15+ of yours; empty: a cluster of its own in the data folder. Role all logs in as the owner, api as cloud_api, worker as cloud_worker. With ?sslmode=require or verify-full the server must show a certificate that is trusted (sslrootcert=FILE trusts another)',
  ),
  pgPort: setting(
    'CLOUD_PG_PORT',
    '',
    optional(wholeBetween(1, 65535)),
    'loopback port of the own cluster; empty: 5433 or the next free one',
  ),
  dbPoolMax: setting(
    'CLOUD_DB_POOL_MAX',
    '25',
    wholeBetween(1, 1000),
    'connections to PostgreSQL per process, at most',
  ),
  dbPoolMin: setting('CLOUD_DB_POOL_MIN', '5', wholeBetween(0, 1000), 'connections kept open when idle'),
  logLevel: setting(
    'CLOUD_LOG_LEVEL',
    'info',
    choice<LogLevel>('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    'what is written to the logs',
  ),
  region: setting(
    'CLOUD_REGION',
    'us-east-1',
    text(/^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/, 'a region name like us-east-1'),
    'name of the region; choose once, names of resources hold it',
  ),
  registration: setting(
    'CLOUD_REGISTRATION',
    'open',
    choice<'open' | 'closed'>('open', 'closed'),
    'closed: after the first user nobody can register',
  ),
  egress: setting(
    'CLOUD_EGRESS',
    'host',
    choice<'host' | 'none'>('host', 'none'),
    'host: instances reach out through this machine by NAT. none: they do not',
  ),
  storageSizeGb: setting(
    'CLOUD_STORAGE_SIZE_GB',
    '',
    optional(wholeBetween(1, 1_000_000)),
    'size of the pool for instances and volumes; empty: chosen from the free disk',
  ),
  overcommitCpu: setting(
    'CLOUD_OVERCOMMIT_CPU',
    '4',
    numberBetween(0.1, 100),
    'virtual CPUs promised for each real one',
  ),
  overcommitMemory: setting(
    'CLOUD_OVERCOMMIT_MEMORY',
    '1',
    numberBetween(0.1, 10),
    'memory promised for each byte there is',
  ),
  overcommitDisk: setting(
    'CLOUD_OVERCOMMIT_DISK',
    '4',
    numberBetween(0.1, 100),
    'disk promised for each byte of the pool; disks take only what is written',
  ),
  rateLimit: setting(
    'CLOUD_RATE_LIMIT',
    '1000',
    wholeBetween(1, 1_000_000),
    'requests a second for each API key; three times as many at once',
  ),
  authRateLimit: setting(
    'CLOUD_AUTH_RATE_LIMIT',
    '10',
    wholeBetween(1, 1_000_000),
    'registrations and logins a minute from each address',
  ),
  trustedProxies: setting(
    'CLOUD_TRUSTED_PROXIES',
    '',
    optional(readNetworks),
    "addresses or networks, separated by commas, of proxies in front of the API: what they say in X-Forwarded-For is the caller's address, for limits and audit",
  ),
  slowPassesMs: setting(
    'CLOUD_SLOW_PASSES_MS',
    '0',
    wholeBetween(0, 10_000),
    'for tests: milliseconds that each reconcile step is held up, at most',
  ),
  testMode: setting('CLOUD_TEST_MODE', 'off', readSwitch, 'on: guards that turn mistakes in the platform into errors'),
} as const;

type Values = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['read']> };

/** The environment of this process. Everything else takes what it needs as a parameter. */
export function readEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Reads and checks every setting.
 * @throws SettingsError with one line: the name, the value, what is allowed. All wrong ones at once.
 */
export function loadSettings(env: NodeJS.ProcessEnv, isRoot: boolean = process.getuid?.() === 0): Settings {
  const wrong: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(SETTINGS)) {
    const given = env[entry.name]?.trim() || defaultOf(entry, isRoot);
    try {
      values[key] = given === '' ? undefined : entry.read(given);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      wrong.push(`${entry.name}=${shown(entry.name, given)}: ${error.message}`);
    }
  }
  if (wrong.length === 0) wrong.push(...contradictions(values as Values));
  if (wrong.length > 0) throw new SettingsError(wrong.join('\n'));
  const checked = values as Values;
  const dataDir = resolve(checked.dataDir);
  return Object.freeze({
    ...checked,
    trustedProxies: checked.trustedProxies ?? Object.freeze([]),
    dataDir,
    paths: pathsBelow(dataDir),
  });
}

function contradictions(values: Values): string[] {
  const found: string[] = [];
  if (values.dbPoolMin > values.dbPoolMax) {
    found.push(`CLOUD_DB_POOL_MIN=${values.dbPoolMin}: must not be above CLOUD_DB_POOL_MAX=${values.dbPoolMax}`);
  }
  if (values.role !== 'all' && values.externalDatabaseUrl === undefined) {
    found.push(`CLOUD_ROLE=${values.role}: needs DATABASE_URL; only role all runs a PostgreSQL of its own`);
  }
  const { listen, awsListen, pgPort } = values;
  if (awsListen && awsListen.port === listen.port && awsListen.port !== 0) {
    found.push(`CLOUD_AWS_LISTEN=${awsListen.host}:${awsListen.port}: must not be the port of CLOUD_LISTEN`);
  }
  for (const [name, address] of [
    ['CLOUD_LISTEN', listen],
    ['CLOUD_AWS_LISTEN', awsListen],
  ] as const) {
    if (address && address.port !== 0 && address.port === pgPort && values.externalDatabaseUrl === undefined)
      found.push(`CLOUD_PG_PORT=${pgPort}: must not be the port of ${name}`);
  }
  return found;
}

/** One line, whatever was given. */
function shown(name: string, value: string): string {
  const line = value.replaceAll(/\s+/g, ' ');
  return name === 'DATABASE_URL' ? hidePassword(line) : line;
}

function defaultOf(entry: Setting<unknown>, isRoot: boolean): string {
  if (entry.name !== SETTINGS.dataDir.name) return entry.fallback;
  return isRoot ? '/var/lib/thecloud' : join(homedir(), '.local/share/thecloud');
}

function pathsBelow(data: string): Paths {
  const run = join(data, 'run');
  const secrets = join(data, 'secrets');
  return Object.freeze({
    data,
    run,
    secrets,
    postgres: join(data, 'postgres'),
    postgresSocketDir: join(run, 'postgres'),
    workerSocket: join(run, 'worker', 'live.sock'),
    masterKey: join(secrets, 'master.key'),
    incus: join(data, 'incus'),
    images: join(data, 'images'),
    app: join(data, 'app'),
    logs: join(data, 'logs'),
  });
}

/**
 * Warnings for names that look like a misspelt setting. Other programs use the prefix CLOUD_ too,
 * so that a name far from all of ours is not ours to judge.
 */
export function findMisspelt(env: NodeJS.ProcessEnv): string[] {
  const known = Object.values(SETTINGS).map((entry) => entry.name as string);
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('CLOUD_') || known.includes(name)) continue;
    const ranked = known
      .map((candidate) => ({ candidate, far: distance(name, candidate) }))
      .sort((a, b) => a.far - b.far);
    const nearest = ranked[0];
    if (nearest && nearest.far <= 3) warnings.push(`${name} is no setting; did you mean ${nearest.candidate}?`);
  }
  return warnings;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The table as text, for --help. */
export function describeSettings(isRoot: boolean = process.getuid?.() === 0): string {
  const rows = Object.values(SETTINGS) as readonly Setting<unknown>[];
  const width = Math.max(...rows.map((row) => row.name.length)) + 2;
  return rows
    .map(
      (row) =>
        `  ${row.name.padEnd(width)}${row.help}\n${' '.repeat(width + 2)}default: ${defaultOf(row, isRoot) || '(empty)'}`,
    )
    .join('\n');
}
