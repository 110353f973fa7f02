import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../../testkit/src/index.ts';
import { migrateDown, migrateUp, type MigrateSettings, readMigrationStates } from './migrate.ts';

let test: TestDatabase;
let folder: string;
let settings: MigrateSettings;

const write = (name: string, up: string, down = '') =>
  writeFile(join(folder, name), `-- +goose Up\n${up}\n-- +goose Down\n${down}\n`);
const ask = (query: string) => withClient(test.ownerUrl, async (client) => (await client.query(query)).rows);

beforeEach(async () => {
  test = await createTestDatabase({ empty: true });
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  settings = { connectionString: test.ownerUrl, folder };
  await write('001_a.sql', 'create table a (id int);', 'drop table a;');
  await write('002_b.sql', 'create table b (id int);', 'drop table b;');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await test.drop();
});

describe('migrations', () => {
  it('run in order, once, and are taken back one at a time', async () => {
    const told: string[] = [];
    expect(await migrateUp({ ...settings, onDone: (direction, file) => told.push(`${direction} ${file}`) })).toEqual([
      '001_a.sql',
      '002_b.sql',
    ]);
    expect(await migrateUp(settings)).toEqual([]);
    expect(await ask('select version_id, is_applied from goose_db_version order by id')).toEqual([
      { version_id: '0', is_applied: true },
      { version_id: '1', is_applied: true },
      { version_id: '2', is_applied: true },
    ]);
    expect(await migrateDown({ ...settings, onDone: (direction, file) => told.push(`${direction} ${file}`) })).toBe(
      '002_b.sql',
    );
    expect(await readMigrationStates(settings)).toMatchObject([
      { version: 1, file: '001_a.sql', appliedAt: expect.any(Date), edited: false },
      { version: 2, file: '002_b.sql', appliedAt: undefined, edited: false },
    ]);
    expect(await migrateDown(settings)).toBe('001_a.sql');
    expect(await migrateDown(settings)).toBeUndefined();
    expect(await ask(`select to_regclass('a') as a, to_regclass('b') as b`)).toEqual([{ a: null, b: null }]);
    expect(told).toEqual(['up 001_a.sql', 'up 002_b.sql', 'down 002_b.sql']);
  });

  it('stop at a number when told', async () => {
    expect(await migrateUp(settings, 1)).toEqual(['001_a.sql']);
    expect(await migrateUp(settings, 2)).toEqual(['002_b.sql']);
  });

  it('leave nothing of a file that fails, and say where', async () => {
    await write('003_c.sql', 'create table c (id int);\n\nselect\n  nonsense\nfrom c;');
    await expect(migrateUp(settings)).rejects.toThrow('003_c.sql line 5: column "nonsense" does not exist');
    expect(await ask(`select to_regclass('b') is not null as b, to_regclass('c') as c`)).toEqual([
      { b: true, c: null },
    ]);
    await write('003_c.sql', `do $$ begin raise exception 'no' using detail = 'why', hint = 'do this'; end $$;`);
    await expect(migrateUp(settings)).rejects.toThrow('003_c.sql line 2: no (why) (do this)');
    await write(
      '003_c.sql',
      'create table c (id int, constraint late unique (id) deferrable initially deferred);\ninsert into c values (1), (1);',
    );
    await expect(migrateUp(settings)).rejects.toThrow(/003_c\.sql: duplicate key/);
  });

  it('run outside a transaction when the file says so', async () => {
    await writeFile(
      join(folder, '003_index.sql'),
      '-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently a_id on a (id);\n-- +goose Down\ndrop index a_id;\n',
    );
    expect(await migrateUp(settings)).toHaveLength(3);
    expect(await migrateDown(settings)).toBe('003_index.sql');
  });

  it('refuse an edited file, in both directions', async () => {
    await migrateUp(settings);
    await write('002_b.sql', 'create table b (id bigint);', 'drop table b;');
    await expect(migrateUp(settings)).rejects.toThrow('002_b.sql was edited after it had run');
    await expect(migrateDown(settings)).rejects.toThrow('was edited');
    expect(await readMigrationStates(settings)).toMatchObject([{ edited: false }, { edited: true }]);
  });

  it('refuse a file that came late, and a database that is ahead', async () => {
    await rm(join(folder, '001_a.sql'));
    await migrateUp(settings);
    await write('001_a.sql', 'create table a (id int);');
    await expect(migrateUp(settings)).rejects.toThrow('001_a.sql came after number 2 had run');
    await rm(join(folder, '002_b.sql'));
    await expect(migrateUp(settings)).rejects.toThrow(
      'the database is at migration 2, and this program has no number 2',
    );
    expect(await readMigrationStates(settings)).toMatchObject([
      { version: 1 },
      { version: 2, file: undefined, edited: false },
    ]);
  });

  it('cannot be taken back without a Down', async () => {
    await writeFile(join(folder, '003_c.sql'), '-- +goose Up\nselect 1;\n');
    await migrateUp(settings);
    await expect(migrateDown(settings)).rejects.toThrow('003_c.sql has no Down');
  });

  it('take over from goose, and notice edits from then on', async () => {
    await ask(`create table goose_db_version (id integer primary key generated by default as identity, version_id bigint not null,
      is_applied boolean not null, tstamp timestamp not null default now());
      insert into goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true), (2, false);
      create table a (id int)`);
    expect(await migrateUp(settings)).toEqual(['002_b.sql']);
    await write('001_a.sql', 'create table a (id bigint);');
    await expect(migrateUp(settings)).rejects.toThrow('001_a.sql was edited');
  });

  it('run once when six processes start at once', async () => {
    await write('003_slow.sql', 'select pg_sleep(0.2);\ncreate table c (id int);');
    const files = await Promise.all(Array.from({ length: 6 }, () => migrateUp(settings)));
    expect(files.map((ran) => ran.length).sort()).toEqual([0, 0, 0, 0, 0, 3]);
  });

  it('wait for another process no longer than told', async () => {
    await withClient(test.ownerUrl, async (client) => {
      await client.query('select pg_advisory_lock(4097083626)');
      await expect(migrateUp({ ...settings, lockTimeoutMs: 150 })).rejects.toThrow(
        'another process has been migrating this database for 150 ms',
      );
    });
  });

  it('say it when the connection is lost on the way', async () => {
    await write('003_slow.sql', 'select pg_terminate_backend(pg_backend_pid());');
    await expect(migrateUp(settings)).rejects.toThrow(/003_slow\.sql line 2: terminating connection/);
  });
});
