import pg from 'pg';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { type Migration, MigrationError, type MigrationStatement, readMigrations } from './migration-file.ts';

export interface MigrateSettings {
  /** Of the tables' owner. */
  readonly connectionString: string;
  /** The folder with NNN_description.sql files. */
  readonly folder: string;
  /** Longest wait for another process that migrates. Milliseconds, default 120,000. */
  readonly lockTimeoutMs?: number;
  readonly clock?: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Told of each migration once it is done. */
  onDone?(direction: 'up' | 'down', file: string, ms: number): void;
}

export interface MigrationState {
  readonly version: number;
  /** Undefined: the database has it, this program does not. */
  readonly file: string | undefined;
  readonly appliedAt: Date | undefined;
  /** True when the file is not what ran. */
  readonly edited: boolean;
}

/** The lock goose's own session locker takes, so that two kinds of runner keep out of each other's way. */
const LOCK_ID = '4097083626';
const LOCK_POLL_MS = 100;

/**
 * Runs every migration that has not run, or those up to a number. Returns the files that ran.
 *
 * Waits for other processes that migrate the same database; each file is one transaction unless it says NO TRANSACTION. Throws
 * MigrationError, with file and line, before anything ran where a landed file was edited or is missing, or a lower number came late.
 */
export function migrateUp(
  settings: MigrateSettings,
  upTo: number = Number.MAX_SAFE_INTEGER,
): Promise<readonly string[]> {
  return withLock(settings, async (client, migrations) => {
    const landed = await readLanded(client);
    const newest = Math.max(0, ...landed.keys());
    const pending = migrations.filter((migration) => !landed.has(migration.version));
    checkLanded(migrations, landed);
    const late = pending.find((migration) => migration.version < newest);
    if (late) throw new MigrationError(`${late.file} came after number ${newest} had run: give it a number above that`);
    await adoptChecksums(client, migrations, landed);
    const files: string[] = [];
    for (const migration of pending.filter((one) => one.version <= upTo)) {
      await run(settings, client, migration, 'up');
      files.push(migration.file);
    }
    return files;
  });
}

/** Takes the newest migration back. Returns its file; undefined when there is none. */
export function migrateDown(settings: MigrateSettings): Promise<string | undefined> {
  return withLock(settings, async (client, migrations) => {
    const landed = await readLanded(client);
    const newest = Math.max(0, ...landed.keys());
    if (newest === 0) return undefined;
    checkLanded(migrations, landed);
    const migration = migrations.find((one) => one.version === newest)!;
    if (migration.down.length === 0) throw new MigrationError(`${migration.file} has no Down: it cannot be taken back`);
    await run(settings, client, migration, 'down');
    return migration.file;
  });
}

/** What has run and what has not, by number. */
export function readMigrationStates(settings: MigrateSettings): Promise<readonly MigrationState[]> {
  return withLock(settings, async (client, migrations) => {
    const landed = await readLanded(client);
    const versions = new Set([...migrations.map((one) => one.version), ...landed.keys()]);
    return [...versions]
      .sort((a, b) => a - b)
      .map((version) => {
        const migration = migrations.find((one) => one.version === version);
        const row = landed.get(version);
        const edited = migration !== undefined && row?.checksum != null && row.checksum !== migration.checksum;
        return { version, file: migration?.file, appliedAt: row?.appliedAt, edited };
      });
  });
}

interface Landed {
  readonly appliedAt: Date;
  /** Null where goose ran it. */
  readonly checksum: string | null;
}

async function withLock<T>(
  settings: MigrateSettings,
  work: (client: pg.Client, migrations: readonly Migration[]) => Promise<T>,
): Promise<T> {
  const migrations = await readMigrations(settings.folder);
  const client = new pg.Client({
    connectionString: settings.connectionString,
    application_name: 'thecloud-migrate',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A lost connection rejects the statement that runs; the event still needs a listener.
  client.on('error', () => {});
  await client.connect();
  try {
    // The owner's migrations may take long, whatever the cluster's defaults are.
    await client.query('set statement_timeout = 0; set lock_timeout = 0; set client_min_messages = warning');
    await lock(client, settings);
    await makeTables(client);
    return await work(client, migrations);
  } finally {
    await client.end();
  }
}

/** Asks again and again: a session that waits within pg_advisory_lock holds a snapshot, and CREATE INDEX CONCURRENTLY would wait for it for ever. */
async function lock(client: pg.Client, settings: MigrateSettings): Promise<void> {
  const clock = settings.clock ?? systemClock;
  const timeout = settings.lockTimeoutMs ?? 120_000;
  const deadline = clock.monotonic() + timeout;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(${LOCK_ID}) as locked`);
    if (rows[0]!.locked) return;
    if (clock.monotonic() >= deadline)
      throw new MigrationError(`another process has been migrating this database for ${timeout} ms`);
    await clock.sleep(LOCK_POLL_MS);
  }
}

/** Goose's own table, as goose makes it, and beside it what goose does not keep. */
async function makeTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ versions: string | null }>(
    `select to_regclass('goose_db_version') as versions`,
  );
  if (rows[0]!.versions === null) {
    await client.query(`begin;
      create table goose_db_version (
        id integer primary key generated by default as identity,
        version_id bigint not null,
        is_applied boolean not null,
        tstamp timestamp not null default now());
      insert into goose_db_version (version_id, is_applied) values (0, true);
      commit`);
  }
  await client.query(
    'create table if not exists migration_checksums (version_id bigint primary key, checksum char(64) not null)',
  );
}

async function readLanded(client: pg.Client): Promise<Map<number, Landed>> {
  const { rows } = await client.query<{ version: string; applied_at: Date; checksum: string | null }>(
    `select v.version_id as version, v.applied_at, c.checksum
     from (select distinct on (version_id) version_id, is_applied, tstamp::timestamptz as applied_at
           from goose_db_version order by version_id, id desc) v
     left join migration_checksums c on c.version_id = v.version_id
     where v.is_applied and v.version_id > 0`,
  );
  return new Map(rows.map((row) => [Number(row.version), { appliedAt: row.applied_at, checksum: row.checksum }]));
}

function checkLanded(migrations: readonly Migration[], landed: ReadonlyMap<number, Landed>): void {
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const [version, { checksum }] of landed) {
    const migration = known.get(version);
    if (!migration) {
      throw new MigrationError(
        `the database is at migration ${Math.max(...landed.keys())}, and this program has no number ${version}: run a newer program`,
      );
    }
    if (checksum !== null && checksum !== migration.checksum) {
      throw new MigrationError(`${migration.file} was edited after it had run; restore it and write a new migration`);
    }
  }
}

/** Takes note of files that goose ran, so that later edits are seen. */
async function adoptChecksums(
  client: pg.Client,
  migrations: readonly Migration[],
  landed: ReadonlyMap<number, Landed>,
): Promise<void> {
  for (const migration of migrations) {
    if (landed.get(migration.version)?.checksum === null) await noteChecksum(client, migration);
  }
}

const noteChecksum = (client: pg.Client, migration: Migration) =>
  client.query(
    'insert into migration_checksums (version_id, checksum) values ($1, $2) on conflict (version_id) do update set checksum = excluded.checksum',
    [migration.version, migration.checksum],
  );

async function run(
  settings: MigrateSettings,
  client: pg.Client,
  migration: Migration,
  direction: 'up' | 'down',
): Promise<void> {
  const clock = settings.clock ?? systemClock;
  const started = clock.monotonic();
  if (migration.transaction) await client.query('begin');
  try {
    for (const statement of migration[direction]) await runStatement(client, migration, statement);
    if (direction === 'up') {
      await client.query('insert into goose_db_version (version_id, is_applied) values ($1, true)', [
        migration.version,
      ]);
      await noteChecksum(client, migration);
    } else {
      await client.query('delete from goose_db_version where version_id = $1', [migration.version]);
      await client.query('delete from migration_checksums where version_id = $1', [migration.version]);
    }
    if (migration.transaction) await client.query('commit');
  } catch (error) {
    // The connection ends with this error in any case; ending it rolls back what is open.
    if (error instanceof MigrationError) throw error;
    throw new MigrationError(`${migration.file}: ${(error as Error).message}`, { cause: error });
  }
  settings.onDone?.(direction, migration.file, clock.monotonic() - started);
}

async function runStatement(client: pg.Client, migration: Migration, statement: MigrationStatement): Promise<void> {
  try {
    await client.query(statement.text);
  } catch (error) {
    const { message, detail, hint, position } = error as pg.DatabaseError;
    const line =
      statement.line +
      (position === undefined ? 0 : statement.text.slice(0, Number(position) - 1).split('\n').length - 1);
    const more = [detail, hint].filter((part) => part !== undefined).map((part) => ` (${part})`);
    throw new MigrationError(`${migration.file} line ${line}: ${message}${more.join('')}`, { cause: error });
  }
}
