/**
 * The settings of the platform: read once from the environment, frozen. The only file that reads process.env.
 * Which there are says settings-table.ts.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import type { MasterKeys } from './kernel/master-keys.ts';
import { hidePassword, SettingsError } from './setting-readers.ts';
import { fits, type Setting } from './setting-schema.ts';
import { ROWS, type Values } from './settings-table.ts';

export { SettingsError } from './setting-readers.ts';

/** What the environment says. Pure: no file is read, nothing is started. The data folder is absolute. */
export type Settings = Values & { readonly paths: Paths };

/** What a process of the platform runs on: the settings and what the supervisor (or the data folder) adds. */
export interface Config extends Settings {
  /** For the role this process logs in as: `cloud_api` or `cloud_worker`. Never the owner's. */
  readonly databaseUrl: string;
  /** Seal secrets at rest. The supervisor changes the map while the master key is rotated. */
  readonly masterKeys: MasterKeys;
  /** A UUID, kept in the database. Names of things outside derive from it, so that two platforms on one host never meet. */
  readonly platformId: string;
  readonly engine: EngineState;
}

/** What the API runs on: it also acts for the operator and in the data plane, each as a role of its own. */
export interface ApiConfig extends Config {
  readonly operatorDatabaseUrl: string;
  readonly dataDatabaseUrl: string;
  /** The files of the web console. Undefined: it could not be built. */
  readonly consoleDir?: string | undefined;
  /** Only the worker talks to the mail server. */
  readonly smtpUrl: undefined;
}

/** What the worker runs on. */
export interface WorkerConfig extends Config {
  /** Ed25519, PKCS #8 in PEM: signs checkpoints of the audit trail. The API never has it. */
  readonly auditKey: string;
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
  /** PKCS #8 in PEM: signs checkpoints of the audit trail. */
  readonly auditKey: string;
  /** Folder 0700: archives of the audit trail, and its newest checkpoint. */
  readonly audit: string;
  readonly incus: string;
  readonly images: string;
  /** The bundle that the processes run, and the Node that runs it. */
  readonly app: string;
  readonly logs: string;
}

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
  const read: Record<string, unknown> = {};
  for (const [key, setting] of ROWS) {
    const given = env[setting.name]?.trim() ?? '';
    const value = given === '' ? defaultOf(setting, isRoot) : convert(setting, given);
    try {
      read[key] = value === undefined ? undefined : check(setting, value);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      wrong.push(`${setting.name}=${shown(setting.name, given || String(value))}: ${error.message}`);
    }
  }
  const values = read as Values;
  if (wrong.length === 0) wrong.push(...contradictions(values));
  if (wrong.length > 0) throw new SettingsError(wrong.join('\n'));
  const dataDir = resolve(values.dataDir);
  return Object.freeze({ ...values, dataDir, paths: pathsBelow(dataDir) });
}

function defaultOf(setting: Setting, isRoot: boolean): string | number | boolean | undefined {
  if (setting.name !== 'CLOUD_DATA_DIR') return setting.default;
  return isRoot ? '/var/lib/thecloud' : join(homedir(), '.local/share/thecloud');
}

/** The value that a text stands for. What stands for none stays text, which the schema of a number or a switch refuses. */
function convert({ type }: Setting, given: string): string | number | boolean {
  if (type === 'boolean') {
    if (/^(on|1|true|yes)$/i.test(given)) return true;
    return /^(off|0|false|no)$/i.test(given) ? false : given;
  }
  const isNumber = type === 'integer' || type === 'number';
  return isNumber && /^\d+(\.\d+)?$/.test(given) ? Number(given) : given;
}

function check(setting: Setting, value: unknown): unknown {
  if (!fits(setting, value)) throw new SettingsError(`must be ${expected(setting)}`);
  const refused = typeof value === 'string' ? setting.refuse?.(value) : undefined;
  if (refused !== undefined) throw new SettingsError(refused);
  return setting.read && typeof value === 'string' ? setting.read(value) : value;
}

/** What is allowed, in words; empty where only the setting's reader knows. */
function expected({ type, enum: words, minimum, maximum, expected: text = '' }: Setting): string {
  if (words) return `one of ${words.join(', ')}`;
  if (type === 'boolean') return 'on or off';
  if (minimum !== undefined) return `a ${type === 'integer' ? 'whole ' : ''}number from ${minimum} to ${maximum}`;
  return text;
}

function contradictions(values: Values): string[] {
  const found: string[] = [];
  if (values.dbPoolMin > values.dbPoolMax) {
    found.push(`CLOUD_DB_POOL_MIN=${values.dbPoolMin}: must not be above CLOUD_DB_POOL_MAX=${values.dbPoolMax}`);
  }
  if (values.role !== 'all' && values.externalDatabaseUrl === undefined) {
    found.push(`CLOUD_ROLE=${values.role}: needs DATABASE_URL; only role all runs its own PostgreSQL`);
  }
  if ((values.smtpUrl === undefined) !== (values.mailFrom === undefined)) {
    const [given, missing] = values.smtpUrl === undefined ? ['MAIL_FROM', 'SMTP_URL'] : ['SMTP_URL', 'MAIL_FROM'];
    found.push(`CLOUD_${given}: needs CLOUD_${missing} too`);
  }
  if (values.auditMinDays > values.auditMaxDays) {
    found.push(
      `CLOUD_AUDIT_MIN_DAYS=${values.auditMinDays}: must not be above CLOUD_AUDIT_MAX_DAYS=${values.auditMaxDays}`,
    );
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
  return name.endsWith('_URL') ? hidePassword(line) : line;
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
    auditKey: join(secrets, 'audit.key'),
    audit: join(data, 'audit'),
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
  const known = ROWS.map(([, setting]) => setting.name);
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('CLOUD_') || known.includes(name)) continue;
    const nearest = closest(name, known);
    if (distance(name, nearest) <= 3) warnings.push(`${name} is not a setting; did you mean ${nearest}?`);
  }
  return warnings;
}

/** The table as text, for --help. */
export function describeSettings(isRoot: boolean = process.getuid?.() === 0): string {
  const width = Math.max(...ROWS.map(([, { name }]) => name.length)) + 2;
  return ROWS.map(([, setting]) => {
    const preset = defaultOf(setting, isRoot) ?? '';
    const words = typeof preset === 'boolean' ? (preset ? 'on' : 'off') : String(preset);
    const facts = [expected(setting), `default: ${words || '(empty)'}`].filter(Boolean).join('; ');
    return `  ${setting.name.padEnd(width)}${setting.description}\n${' '.repeat(width + 2)}${facts}`;
  }).join('\n');
}
