import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  findPostgresBin,
  startPostgresCluster,
  type TestDatabase,
  withClient,
} from '../../packages/testkit/src/index.ts';
import { migrateDown, migrateUp, readMigrationStates } from '../../packages/server/src/migrations/migrate.ts';
import { readMigrations } from '../../packages/server/src/migrations/migration-file.ts';
import { findGoose, runGoose } from './goose-program.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Everything the database is made of (tables, keys, indexes, functions, policies, grants), as pg_dump writes it. */
async function dump(url: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    join(findPostgresBin(), 'pg_dump'),
    ['--schema-only', '--exclude-table=goose_db_version*', '--exclude-table=migration_checksums', '--dbname', url],
    { maxBuffer: 64 << 20 },
  );
  return stdout.replace(/^\\(un)?restrict .*$/gm, '');
}

async function takeAllBack(url: string): Promise<void> {
  const count = (await readMigrations(folder)).length;
  for (let n = 0; n < count; n++) expect(await migrateDown({ connectionString: url, folder })).toBeDefined();
  expect(await migrateDown({ connectionString: url, folder })).toBeUndefined();
}

describe('our migrations', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase({ empty: true });
  });
  afterAll(() => test.drop());

  it('go up, down and up again, and leave nothing behind on the way', async () => {
    const settings = { connectionString: test.ownerUrl, folder };
    const empty = await dump(test.ownerUrl);
    const files = await migrateUp(settings);
    expect(files.length).toBe((await readMigrations(folder)).length);
    const first = await dump(test.ownerUrl);
    expect(first).toContain('CREATE TABLE public.instances');
    expect(first).toContain('CREATE POLICY');
    await takeAllBack(test.ownerUrl);
    // the public schema keeps its own grant in writing once it was touched: it is what PostgreSQL gives by itself
    const bare = (text: string) =>
      text
        .replace(/--[^\n]*\n/g, '')
        .replace(/^(GRANT|REVOKE) [A-Z]+ ON SCHEMA public .*$/gm, '')
        .replace(/\s+/g, ' ');
    expect(bare(await dump(test.ownerUrl))).toBe(bare(empty));
    await migrateUp(settings);
    expect(await dump(test.ownerUrl)).toBe(first);
  });

  it('go down and up one at a time, each', async () => {
    const settings = { connectionString: test.ownerUrl, folder };
    const migrations = await readMigrations(folder);
    const whole = await dump(test.ownerUrl);
    await takeAllBack(test.ownerUrl);
    for (const migration of migrations) {
      expect(await migrateUp(settings, migration.version)).toEqual([migration.file]);
      const after = await dump(test.ownerUrl);
      expect(await migrateDown(settings)).toBe(migration.file);
      expect(await migrateUp(settings, migration.version)).toEqual([migration.file]);
      expect(await dump(test.ownerUrl)).toBe(after);
    }
    expect(await dump(test.ownerUrl)).toBe(whole);
    // Two dumps a migration, each half a second.
  }, 150_000);
});

describe('migration 009', () => {
  it('counts what the hosts of a platform that runs have promised', async () => {
    const test = await createTestDatabase({ empty: true });
    try {
      const settings = { connectionString: test.ownerUrl, folder };
      await migrateUp(settings, 8);
      await withClient(test.ownerUrl, (client) =>
        client.query(`
          insert into users (email, password_hash, name) values ('a@example.com', 'x', 'A');
          insert into hosts (name, vcpus, memory_mb, disk_gb) values ('busy', 100, 100000, 1000), ('idle', 8, 8192, 80);
          insert into instances (user_id, name, image, status, host_id, instance_type, deleted_at)
          select u.id, type, 'busybox', 'RUNNING', h.id, type, gone
          from users u, hosts h, (values ('basic-1', null), ('standard-2', now()), ('no-such-type', null)) as i(type, gone)
          where u.email = 'a@example.com' and h.name = 'busy'`),
      );
      await migrateUp(settings, 9);
      const { rows } = await withClient(test.ownerUrl, (client) =>
        client.query(
          'select name, promised_vcpus::int as vcpus, promised_memory_mb::int as memory, promised_disk_gb::int as disk, free_vcpus::int as free from hosts order by 1',
        ),
      );
      expect(rows).toEqual([
        { name: 'busy', vcpus: 3, memory: 4608, disk: 48, free: 97 },
        { name: 'idle', vcpus: 0, memory: 0, disk: 0, free: 8 },
      ]);
    } finally {
      await test.drop();
    }
  });
});

describe('the real goose program', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    await findGoose();
    test = await createTestDatabase({ empty: true });
  }, 310_000);
  afterAll(() => test?.drop());

  it('runs our files, we go on from its work, and it from ours', async () => {
    const settings = { connectionString: test.ownerUrl, folder };
    expect(await runGoose(folder, test.ownerUrl, 'up')).toMatch(/successfully migrated database/);
    const byGoose = await dump(test.ownerUrl);
    expect(await migrateUp(settings)).toEqual([]);
    expect((await readMigrationStates(settings)).every((state) => state.appliedAt !== undefined && !state.edited)).toBe(
      true,
    );
    await runGoose(folder, test.ownerUrl, 'down-to', '0');
    const ours = await migrateUp(settings);
    expect(ours.length).toBeGreaterThan(5);
    expect(await dump(test.ownerUrl)).toBe(byGoose);
    expect(await runGoose(folder, test.ownerUrl, 'up')).toMatch(/no migrations to run/);
    await runGoose(folder, test.ownerUrl, 'down');
    expect((await readMigrationStates(settings)).at(-1)?.appliedAt).toBeUndefined();
    expect(await migrateUp(settings)).toEqual([ours.at(-1)]);
  }, 60_000);
});

describe('the roles of the processes', () => {
  it('are made once by databases that migrate at the same moment, stay while one needs them, and go with the last', async () => {
    const cluster = await startPostgresCluster();
    try {
      const admin = cluster.url('postgres', 'postgres');
      await withClient(admin, (client) => client.query('create role cloud login createdb createrole'));
      await withClient(admin, (client) => client.query('create role weak login createdb'));
      const names = ['one', 'two', 'three', 'four'];
      for (const name of names)
        await withClient(admin, (client) => client.query(`create database ${name} owner cloud`));
      await withClient(admin, (client) => client.query('create database poor owner weak'));

      await expect(migrateUp({ connectionString: cluster.url('weak', 'poor'), folder })).rejects.toThrow(
        /^001_identity\.sql line \d+: the database user weak may not create roles; run as a superuser: [^\n]*$/,
      );

      await Promise.all(names.map((name) => migrateUp({ connectionString: cluster.url('cloud', name), folder })));
      // roles that are there as they must be need no right to make them
      await migrateUp({ connectionString: cluster.url('weak', 'poor'), folder });

      const roles = () =>
        withClient(
          admin,
          async (client) =>
            (await client.query(`select rolname from pg_roles where rolname like 'cloud\\__%' order by 1`)).rowCount,
        );
      for (const name of names) {
        await takeAllBack(cluster.url('cloud', name));
        expect(await roles(), `after ${name}`).toBe(4);
      }
      // weak may not drop them: they stay, and that is no error
      await takeAllBack(cluster.url('weak', 'poor'));
      expect(await roles()).toBe(4);
      await migrateUp({ connectionString: cluster.url('cloud', 'one'), folder });
      await takeAllBack(cluster.url('cloud', 'one'));
      expect(await roles()).toBe(0);

      // What the refusals say to run is enough, each time more roles come.
      const told: string[] = [];
      for (let done = false; !done; ) {
        await migrateUp({ connectionString: cluster.url('weak', 'poor'), folder }).then(
          () => (done = true),
          (error: Error) => told.push(error.message),
        );
        const commands = /; or: (.*); then start again/.exec(told.at(-1) ?? '')?.[1];
        if (!done) await withClient(admin, (client) => client.query(commands ?? ''));
        expect(told.length).toBeLessThan(3);
      }
      expect(told.map((message) => message.split(' ')[0])).toEqual(['001_identity.sql', '009_house.sql']);
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});
