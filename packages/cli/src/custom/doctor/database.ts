import { join } from 'node:path';
import type { DatabaseFacts } from './facts.ts';
import { findFile, findProgram, listNames, type Ran, readText, runProgram } from './host.ts';
import type { Place } from './place.ts';

/** Environment of psql for the platform's database, as its owner. Undefined: it has none that can be reached now. */
export function databaseEnvironment({ dataDir, databaseUrl }: Place): Readonly<Record<string, string>> | undefined {
  if (databaseUrl !== undefined) return environmentOf(databaseUrl);
  const passwords = readText(join(dataDir, 'secrets', 'database.json'));
  // The fourth line of PostgreSQL's own file is the port; without the file it does not run.
  const port = readText(join(dataDir, 'postgres', 'postmaster.pid'))
    ?.split('\n')[3]
    ?.trim();
  if (passwords === undefined || !port) return undefined;
  return {
    PGHOST: join(dataDir, 'run', 'postgres'),
    PGPORT: port,
    PGUSER: 'cloud',
    PGDATABASE: 'thecloud',
    PGPASSWORD: ownerPassword(passwords),
  };
}

/** Empty if the file is broken: the database then says that it wants another one. */
function ownerPassword(text: string): string {
  try {
    return (JSON.parse(text) as { readonly owner?: string } | null)?.owner ?? '';
  } catch {
    return '';
  }
}

/** Passes the address in the environment, since every user of the machine can read the arguments. Undefined if it is not a database URL. */
function environmentOf(text: string): Readonly<Record<string, string>> | undefined {
  // With a socket's folder as ?host=… none stands in front, as libpq writes it; the reader of URLs does not take that.
  const whole = text.replace(/^(\w+:\/\/(?:[^/?#]*@)?)(?=\/)/, '$1localhost');
  if (!/^postgres(ql)?:\/\//.test(whole) || !URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  if ([url.hostname, url.username, url.password, url.pathname].some((part) => !isEncoded(part))) return undefined;
  const given = (name: string) => url.searchParams.get(name) ?? '';
  const all = {
    PGHOST: given('host') || decodeURIComponent(url.hostname),
    PGPORT: given('port') || url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGSSLMODE: given('sslmode'),
    PGSSLROOTCERT: given('sslrootcert'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** Whether a part of a URL can be decoded: a password with a bare % cannot. */
function isEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

const POSTGRES = '/usr/lib/postgresql';

/** Major versions of the servers that are installed. */
export async function findPostgresVersions(): Promise<readonly number[]> {
  const servers = [
    ...listNames(POSTGRES).map((version) => join(POSTGRES, version, 'bin', 'postgres')),
    findProgram('postgres') ?? '',
  ].filter((path) => findFile([path]) !== undefined);
  const said = await Promise.all(servers.map((server) => runProgram(server, ['--version'])));
  return said.flatMap(({ stdout }) => /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? []).map(Number);
}

/** Asks the database one question and gives its answer as text. */
export function askDatabase(env: Readonly<Record<string, string>>, text: string): Promise<Ran> {
  const newestFirst = [...listNames(POSTGRES)].sort((one, other) => Number(other) - Number(one));
  const psql = findProgram('psql') ?? findFile(newestFirst.map((version) => join(POSTGRES, version, 'bin', 'psql')));
  if (psql === undefined)
    return Promise.resolve({ ok: false, stdout: '', said: 'psql is not installed: apt-get install postgresql-client' });
  return runProgram(psql, ['--no-psqlrc', '--no-password', '--tuples-only', '--no-align', '--command', text], {
    env: { ...env, PGCONNECT_TIMEOUT: '5', PGOPTIONS: '-c statement_timeout=5s -c default_transaction_read_only=on' },
    timeoutMs: 15_000,
  });
}

export async function lookAtDatabase(place: Place): Promise<DatabaseFacts> {
  const env = databaseEnvironment(place);
  const kind = place.databaseUrl === undefined ? 'own' : 'external';
  const newestMigration = newestOf(place.migrationsDir);
  if (env === undefined && kind === 'external')
    return { kind, newestMigration, answer: { ok: false, said: 'DATABASE_URL is not the address of a database' } };
  if (env === undefined) return { kind, newestMigration, answer: undefined };
  const { ok, stdout, said } = await askDatabase(
    env,
    'select coalesce(max(version_id), 0) from goose_db_version where is_applied',
  );
  return { kind, newestMigration, answer: ok ? { ok, migration: Number(stdout.trim()) } : { ok, said } };
}

/** The number of the newest file, `024_operator.sql`. Undefined: there are no migrations beside this command. */
function newestOf(folder: string | undefined): number | undefined {
  const numbers = (folder === undefined ? [] : listNames(folder))
    .filter((name) => /^\d{3}_.*\.sql$/.test(name))
    .map((name) => Number(name.slice(0, 3)));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}
