import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { type Fact, readFacts } from './catalog.ts';

let ours: TestDatabase;
let guide: TestDatabase;
let ourFacts: readonly Fact[];
let guideFacts: readonly Fact[];

beforeAll(async () => {
  [ours, guide] = await Promise.all([createTestDatabase(), createTestDatabase({ empty: true })]);
  ourFacts = await withClient(ours.ownerUrl, readFacts);
  await loadGuide();
  // tenants stands there only because elastic_ips refers to it
  guideFacts = (await withClient(guide.ownerUrl, readFacts)).filter((fact) => fact.table !== 'tenants');
});
afterAll(async () => {
  await Promise.all([ours.drop(), guide.drop()]);
});

/** The guide lists tables in the order of its chapters, not of their references: what fails for want of a table is tried again. */
async function loadGuide(): Promise<void> {
  const text = await readFile(new URL('guide-schema.sql', import.meta.url), 'utf8');
  let statements = text.split(/;\s*\n/).filter((statement) => statement.trim() !== '');
  await withClient(guide.ownerUrl, async (client) => {
    await client.query('create table tenants (id uuid primary key)');
    while (statements.length > 0) {
      const later: string[] = [];
      for (const statement of statements) {
        await client.query(statement).catch((error: { code?: string }) => {
          if (error.code !== '42P01') throw error;
          later.push(statement);
        });
      }
      expect(later.length, 'statements of the guide that never load').toBeLessThan(statements.length);
      statements = later;
    }
  });
}

describe("the guide's schema", () => {
  it('is there, every fact of it', () => {
    const known = new Set(ourFacts.map((fact) => `${fact.kind} ${fact.text}`));
    const missing = guideFacts.map((fact) => `${fact.kind} ${fact.text}`).filter((fact) => !known.has(fact));
    const counts: Record<string, number> = {};
    for (const { kind } of guideFacts) counts[kind] = (counts[kind] ?? 0) + 1;
    console.log(`guide's schema: ${guideFacts.length - missing.length} of ${guideFacts.length} facts`, counts);
    expect(missing).toEqual([]);
    expect(counts.table).toBe(29);
    expect(guideFacts).toHaveLength(435);
  });

  it('is measured by a ruler that notices', async () => {
    await withClient(guide.ownerUrl, async (client) => {
      await client.query(`begin; alter table users alter column name type text; alter table volumes alter column size_gb drop not null;
        alter table queues alter column retention_days set default 5; drop index idx_objects_bucket;
        alter table snapshots drop constraint snapshots_volume_id_fkey; alter table caches drop column port;
        drop index idx_elastic_ips_instance_id_unique; create unique index idx_elastic_ips_instance_id_unique on elastic_ips(instance_id)`);
      const changed = new Set((await readFacts(client)).map((fact) => `${fact.kind} ${fact.text}`));
      await client.query('rollback');
      const lost = guideFacts.map((fact) => `${fact.kind} ${fact.text}`).filter((fact) => !changed.has(fact));
      expect(lost.map((fact) => fact.split(' ').slice(0, 3).join(' '))).toEqual([
        'column caches.port integer',
        'predicate idx_elastic_ips_instance_id_unique where',
        'index idx_objects_bucket on',
        'default queues.retention_days default',
        'foreign key snapshots.FOREIGN',
        'column users.name character',
        'column volumes.size_gb integer',
      ]);
    });
  });

  it('takes inserts that know the guide only', async () => {
    const tables = guideFacts.filter((fact) => fact.kind === 'table').map((fact) => fact.table);
    const { rows } = await withClient(guide.ownerUrl, (client) =>
      client.query<{ table: string; column: string; type: string; target: string | null }>(`
        select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type,
               (select con.confrelid::regclass::text from pg_constraint con where con.conrelid = c.oid and con.contype = 'f' and con.conkey = array[a.attnum]) as target
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attnotnull and not a.atthasdef
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'tenants'`),
    );
    await withClient(ours.ownerUrl, async (client) => {
      const made = new Map<string, string>();
      const owner = await client.query<{ id: string }>(
        "insert into users (email, password_hash, name) values ('t@example.com', 'x', 'T') returning id",
      );
      const tenant = await client.query<{ id: string }>(
        "insert into tenants (name, slug, owner_id, account_number) values ('T', 't', $1, '123456789012') returning id",
        [owner.rows[0]!.id],
      );
      made.set('tenants', tenant.rows[0]!.id);
      let left = tables;
      while (left.length > 0) {
        const blocked: string[] = [];
        for (const table of left) {
          const columns = rows.filter((row) => row.table === table);
          if (columns.some((column) => column.target !== null && !made.has(column.target))) {
            blocked.push(table);
            continue;
          }
          const values = columns.map((column) => (column.target ? made.get(column.target) : sample(column.type)));
          const places = values.map((_, place) => `$${place + 1}`).join(', ');
          const inserted = await client.query(
            `insert into ${table} (${columns.map((column) => `"${column.column}"`).join(', ')}) values (${places}) returning *`,
            values,
          );
          made.set(table, inserted.rows[0].id);
        }
        expect(blocked.length).toBeLessThan(left.length);
        left = blocked;
      }
      expect(made.size).toBe(30);
    });
  });
});

function sample(type: string): unknown {
  if (type === 'integer' || type === 'bigint') return 8;
  if (type === 'double precision') return 0.5;
  if (type.startsWith('timestamp')) return new Date(0);
  return 'sample';
}
