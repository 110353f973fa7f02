import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { ApiConfig, Settings } from '../config.ts';
import { SettingsError } from '../setting-readers.ts';
import type { DatabasePasswords } from './secrets.ts';

export const DATABASE = 'thecloud';
export const OWNER_ROLE = 'cloud';
/** The roles that the processes log in as. The API has three: its own, the operator's and the data plane's. */
const PROCESS_ROLES = {
  api: 'cloud_api',
  worker: 'cloud_worker',
  operator: 'cloud_operator',
  data: 'cloud_data',
} as const;
type ProcessRole = keyof typeof PROCESS_ROLES;
const ROLE_NAMES = Object.keys(PROCESS_ROLES) as readonly ProcessRole[];

/** For each who logs in, the URL it uses. */
export type DatabaseUrls = Readonly<Record<'owner' | ProcessRole, string>>;

export function urlsOf(
  owner: string,
  passwords: DatabasePasswords,
  urlOf: (user: string, password: string) => string,
): DatabaseUrls {
  const urls = ROLE_NAMES.map((role) => [role, urlOf(PROCESS_ROLES[role], passwords[role])]);
  return { owner, ...(Object.fromEntries(urls) as Record<ProcessRole, string>) };
}

/** URL of the own cluster through its socket, which costs a fifth less than TCP. */
export function socketUrl(socketDir: string, port: number, user: string, password: string): string {
  return `postgres://${user}:${password}@localhost:${port}/${DATABASE}?host=${encodeURIComponent(socketDir)}`;
}

/** Owner and database of the own cluster, as its superuser, before the migrations run (they make the processes' roles). */
export async function prepareOwnDatabase(superuser: pg.Client, passwords: DatabasePasswords): Promise<void> {
  const found = await superuser.query('select from pg_roles where rolname = $1', [OWNER_ROLE]);
  const verb = found.rowCount === 0 ? 'create' : 'alter';
  const password = superuser.escapeLiteral(verifierOf(passwords.owner));
  await superuser.query(`${verb} role ${OWNER_ROLE} with login createdb createrole password ${password}`);
  const database = await superuser.query('select from pg_database where datname = $1', [DATABASE]);
  if (database.rowCount === 0) await superuser.query(`create database ${DATABASE} owner ${OWNER_ROLE}`);
}

/** As PostgreSQL's own default. */
const SCRAM_ITERATIONS = 4096;

/**
 * What PostgreSQL keeps of a password (RFC 5803). Sent in its place, since such a statement takes no parameters, and the server may log it: one
 * that fails, or that takes long.
 */
function verifierOf(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Milliseconds of statement_timeout, lock_timeout and idle_in_transaction_session_timeout, as the migrations gave them to the roles. */
const TIMEOUTS = {
  api: [10_000, 2_000, 10_000],
  worker: [30_000, 5_000, 30_000],
  operator: [10_000, 2_000, 10_000],
  data: [10_000, 2_000, 10_000],
} as const;

/**
 * The processes' passwords and settings, after the migrations. Set at every start: a restored cluster fits its data folder again, and what a
 * process that was taken over set for its own role, as PostgreSQL lets every role do, ends.
 */
export async function setProcessPasswords(client: pg.Client, passwords: DatabasePasswords): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  const database = client.escapeIdentifier(rows[0]!.name);
  for (const role of ROLE_NAMES) {
    const name = PROCESS_ROLES[role];
    const [statement, lock, idle] = TIMEOUTS[role];
    const password = client.escapeLiteral(verifierOf(passwords[role]));
    for (const change of [
      `with login password ${password}`,
      'reset all',
      `in database ${database} reset all`,
      `set statement_timeout = '${statement / 1000}s'`,
      `set lock_timeout = '${lock / 1000}s'`,
      `set idle_in_transaction_session_timeout = '${idle / 1000}s'`,
    ])
      await client.query(`alter role ${name} ${change}`);
  }
}

/**
 * An external database: the migrations (as its owner) made the process roles, or its administrator did. Gives them this platform's passwords.
 * @throws SettingsError when the owner may not.
 */
export async function prepareExternalRoles(ownerUrl: string, passwords: DatabasePasswords): Promise<DatabaseUrls> {
  const owner = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 10_000 });
  await owner.connect();
  try {
    await setProcessPasswords(owner, passwords);
  } catch (error) {
    if (error instanceof pg.DatabaseError && (error.code === '42501' || error.code === '42704')) {
      throw new SettingsError(
        `DATABASE_URL: its user cannot set up the roles ${Object.values(PROCESS_ROLES).join(', ')} (${error.message}); give it CREATEROLE`,
      );
    }
    throw error;
  } finally {
    await owner.end();
  }
  return urlsOf(ownerUrl, passwords, (user, password) => withLogin(ownerUrl, user, password));
}

/**
 * The two further URLs of a lone API. The default is its DATABASE_URL with the other role as the user: it fits a server that asks for no
 * password (a certificate, a trusted socket), or where its administrator gave the three roles one password.
 */
export function urlsOfLoneApi(
  databaseUrl: string,
  settings: Pick<Settings, 'operatorDatabaseUrl' | 'dataDatabaseUrl'>,
): Pick<ApiConfig, 'operatorDatabaseUrl' | 'dataDatabaseUrl'> {
  return {
    operatorDatabaseUrl: settings.operatorDatabaseUrl ?? withLogin(databaseUrl, PROCESS_ROLES.operator),
    dataDatabaseUrl: settings.dataDatabaseUrl ?? withLogin(databaseUrl, PROCESS_ROLES.data),
  };
}

function withLogin(url: string, user: string, password?: string): string {
  const changed = new URL(url);
  changed.username = user;
  if (password !== undefined) changed.password = password;
  return changed.toString();
}

/** So that psql, pg_dump and the rest log in as the owner without a password on a command line. */
export function writePasswordFile(secretsDir: string, socketDir: string, port: number, ownerPassword: string): string {
  const path = join(secretsDir, 'pgpass');
  const hosts = ['localhost', '127.0.0.1', socketDir.replaceAll(/[:\\]/g, '\\$&')];
  const lines = hosts.map((host) => `${host}:${port}:*:${OWNER_ROLE}:${ownerPassword}\n`);
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return path;
}
