import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { fill } from './fill.ts';

let test: TestDatabase;
let a: string;
let b: string;

const as =
  (url: () => string) =>
  <T>(work: (client: pg.Client) => Promise<T>) =>
    withClient(url(), work);
const asOwner = as(() => test.ownerUrl);
const asOperator = as(() => test.operatorUrl);
const asData = as(() => test.dataUrl);

beforeAll(async () => {
  test = await createTestDatabase();
  [a, b] = [await fill(test.ownerUrl, 'a'), await fill(test.ownerUrl, 'b')];
});
afterAll(() => test.drop());

/** `table: privileges`, where a privilege on some columns only is followed by `(…)`. */
async function grantsOf(role: string): Promise<Record<string, string>> {
  const { rows } = await asOwner((client) =>
    client.query<{ name: string; rights: string }>(
      `select c.relname as name, string_agg(
         case when has_table_privilege($1, c.oid, p.name) then p.name else p.name || '(…)' end, ' ' order by p.place) as rights
       from pg_class c cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) with ordinality as p(name, place)
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')
         and (has_table_privilege($1, c.oid, p.name)
           or p.name in ('select', 'insert', 'update', 'references') and has_any_column_privilege($1, c.oid, p.name))
       group by c.relname order by c.relname`,
      [role],
    ),
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.rights]));
}

async function columnsWithout(role: string, privilege: string): Promise<string[]> {
  const { rows } = await asOwner((client) =>
    client.query<{ name: string }>(
      `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and has_any_column_privilege($1, c.oid, $2)
         and not has_column_privilege($1, c.oid, a.attnum, $2) order by 1`,
      [role, privilege],
    ),
  );
  return rows.map((row) => row.name);
}

const refused = { code: '42501' };

describe('cloud_data', () => {
  it('reaches the tables of the data plane, with the rights it needs there, and nothing else', async () => {
    expect(await grantsOf('cloud_data')).toEqual({
      cron_job_runs: 'select update(…)',
      cron_jobs: 'select(…)',
      functions: 'select',
      invocations: 'select insert update',
      object_versions: 'select insert update delete',
      objects: 'select insert update delete',
      queue_attempts: 'select insert update delete',
      queue_deduplications: 'select insert update delete',
      queue_groups: 'select insert update delete',
      queue_messages: 'select insert update delete',
      queues: 'select',
      subscriptions: 'select',
      topics: 'select',
    });
    const { rows } = await asOwner((client) =>
      client.query<{ name: string }>(`
        select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace and has_function_privilege('cloud_data', p.oid, 'execute')
        union all
        select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace
          and case relkind when 'S' then has_sequence_privilege('cloud_data', oid, 'usage, select, update') else false end`),
    );
    expect(
      rows.map((row) => row.name.replaceAll('timestamp with time zone', 'timestamptz')).sort(),
      'functions and sequences',
    ).toEqual([
      'fifo_delete(uuid,uuid,uuid[],text[])',
      'fifo_enter(uuid,uuid,text,bigint,timestamptz)',
      'fifo_extend(uuid,uuid,uuid[],text[],integer[])',
      'fifo_queue(uuid,uuid,timestamptz)',
      'fifo_repeat(uuid,text,integer,timestamptz,timestamptz)',
      'fifo_send(uuid,uuid,uuid[],text[],text[],text[],integer[],uuid[],integer[],text[],text[])',
      'fifo_settle(uuid,text,timestamptz)',
      'fifo_take(uuid,uuid,integer[],integer[],text[],text,timestamptz,boolean)',
      'fifo_transfer(uuid,uuid,uuid,timestamptz)',
      'queue_megabytes_allowed(uuid)',
      'queue_message_sequence',
    ]);
  });

  it('is refused everywhere else, when it tries', async () => {
    const allowed = await grantsOf('cloud_data');
    const { rows } = await asOwner((client) =>
      client.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
      ),
    );
    const others = rows.map((row) => row.name).filter((name) => !(name in allowed));
    expect(others.length).toBeGreaterThan(25);
    await asData(async (client) => {
      for (const table of others) {
        await expect(client.query(`select 1 from ${table}`), table).rejects.toMatchObject(refused);
        await expect(client.query(`delete from ${table}`), table).rejects.toMatchObject(refused);
      }
      for (const call of ['authenticate_keys(array[]::text[])', `find_login('x')`, 'pick_host(null, 1, 1, 1)'])
        await expect(client.query(`select * from ${call}`), call).rejects.toMatchObject(refused);
      await expect(client.query(`update queues set status = 'PAUSED'`)).rejects.toMatchObject(refused);
    });
  });

  it('works on the messages of many tenants in one statement, whatever the scope is, each found by its tenant and queue', async () => {
    await asData(async (client) => {
      await client.query(`begin; set local cloud.tenant_id = '${a}'`);
      const sent = await client.query<{ tenant_id: string }>(
        `insert into queue_messages (tenant_id, queue_id, body)
         select q.tenant_id, q.id, 'hello' from queues q where (q.tenant_id, q.name) in (($1, 'q'), ($2, 'q')) returning tenant_id`,
        [a, b],
      );
      expect(sent.rows.map((row) => row.tenant_id).sort()).toEqual([a, b].sort());
      const received = await client.query(
        'delete from queue_messages where tenant_id = $1 and queue_id = (select id from queues where tenant_id = $1) returning body',
        [a],
      );
      expect(received.rows.map((row) => row.body).sort()).toEqual(['hello', 'm']);
      await client.query('rollback');
    });
  });

  it("cannot put a message into another tenant's queue: the composite key sees it", async () => {
    await expect(
      asData((client) =>
        client.query(
          `insert into queue_messages (tenant_id, queue_id, body) select $1, id, 'x' from queues where tenant_id = $2`,
          [a, b],
        ),
      ),
    ).rejects.toMatchObject({ code: '23503' });
  });
});

describe('cloud_operator', () => {
  it('reads what tenants have and writes what operators decide', async () => {
    const grants = await grantsOf('cloud_operator');
    const writes = Object.fromEntries(
      Object.entries(grants).filter(([, rights]) => !['select', 'select(…)'].includes(rights)),
    );
    expect(writes).toEqual({
      audit_logs: 'select insert(…)',
      events: 'select insert',
      hosts: 'select update(…)',
      idempotency_keys: 'select insert update',
      platform: 'select(…) update(…)',
      master_key_rotations: 'select insert',
      platform_settings: 'select insert update delete',
      quotas: 'select insert update delete',
      reconcile: 'select insert(…) update(…)',
      tenants: 'select update(…)',
      users: 'select(…) update(…)',
    });
    expect(Object.keys(grants)).toEqual(
      expect.arrayContaining(['hosts', 'instances', 'memberships', 'users', 'vpcs', 'volumes', 'databases', 'queues']),
    );
    for (const table of ['api_keys', 'stream_tickets', 'queue_messages', 'invocations', 'cron_job_runs'])
      expect(grants).not.toHaveProperty(table);
    const wake = ['host_id', 'priority', 'due_at', 'wakes'];
    for (const column of await columnsWithout('cloud_operator', 'update'))
      expect(wake.map((name) => `reconcile.${name}`)).not.toContain(column);
  });

  it('reads no password, key, sealed value or content', async () => {
    // And two times that the database writes and compares by itself: written_at, address_since.
    expect(await columnsWithout('cloud_operator', 'select')).toEqual([
      'caches.password',
      'cron_jobs.http_endpoint',
      'cron_jobs.target_headers_sealed',
      'cron_jobs.target_payload',
      'databases.password',
      'instances.command',
      'instances.env',
      'invitations.token_hash',
      'invitations.written_at',
      'mails.sealed',
      'platform.master_key_check',
      'secret_versions.sealed',
      'secrets.encrypted_value',
      'subscriptions.endpoint',
      'subscriptions.filter_policy',
      'users.address_since',
      'users.password_hash',
    ]);
    await asOperator(async (client) => {
      for (const text of [
        'select password_hash from users',
        'select * from users',
        'select key from api_keys',
        'select aws_secret_sealed from api_keys',
        'select password from databases',
        'select encrypted_value from secrets',
        'select env from instances',
        'select master_key_check from platform',
        'select body from queue_messages',
        `select * from find_login('rls-a@example.com')`,
        'select * from authenticate_keys(array[]::text[])',
      ])
        await expect(client.query(text), text).rejects.toMatchObject(refused);
    });
  });

  it('sees no column, in a table that is there or comes, whose name says that it is secret', async () => {
    const { rows } = await asOwner((client) =>
      client.query<{ name: string }>(`
        select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and has_column_privilege('cloud_operator', c.oid, a.attnum, 'select')
          and a.attname ~ '(password|secret|sealed|encrypted|token|credential|private_key|certificate|^env$|^command$|^body$|^input$|^output$|^logs$|^key$)'
        order by 1`),
    );
    // A label, the name of an object, the caller's own Idempotency-Key, who holds a lease, and of which secret a version is.
    expect(rows.map((row) => row.name)).toEqual([
      'idempotency_keys.key',
      'instance_labels.key',
      'objects.key',
      'reconcile.lease_token',
      'secret_versions.secret_id',
    ]);
  });

  it('sees every tenant without a scope', async () => {
    const readable = Object.keys(await grantsOf('cloud_operator'));
    const { rows: owned } = await asOwner((client) =>
      client.query<{ name: string }>(
        `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id'`,
      ),
    );
    const tables = owned.map((row) => row.name).filter((name) => readable.includes(name));
    expect(tables.length).toBeGreaterThan(25);
    await asOperator(async (client) => {
      for (const table of tables) {
        const seen = await client.query<{ tenant_id: string }>(
          `select tenant_id from ${table} where tenant_id in ($1, $2)`,
          [a, b],
        );
        expect(new Set(seen.rows.map((row) => row.tenant_id)), table).toEqual(new Set([a, b]));
      }
      expect((await client.query('select id, email, role, closed_at from users')).rowCount).toBeGreaterThanOrEqual(4);
      expect((await client.query('select id, slug, status from tenants')).rowCount).toBe(2);
    });
  });

  it('sets quotas, suspends, wakes what is stuck and leaves its trail', async () => {
    await asOwner((client) =>
      client.query(
        `with operator as (update users set role = 'admin' from tenants t where users.id = t.owner_id and t.id = $1 returning users.id)
         insert into api_keys (user_id, tenant_id, key, all_tenants) select id, $1, encode(sha256('the key of an operator'), 'hex'), true from operator`,
        [a],
      ),
    );
    await asOperator(async (client) => {
      await client.query('begin');
      await client.query(`select enter_proof('the key of an operator', null, $1, null)`, [a]);
      const wake = `insert into reconcile as r (kind, id, tenant_id, host_id, priority, due_at, wakes) values ('vpc', $1, $2, null, 1, now(), 1)
        on conflict (kind, id) do update set wakes = r.wakes + 1, due_at = least(r.due_at, now()), priority = 1, host_id = coalesce(excluded.host_id, r.host_id)
        returning wakes`;
      const stuck = (await client.query('select id from reconcile where tenant_id = $1', [a])).rows[0].id;
      expect((await client.query(wake, [stuck, a])).rows).toEqual([{ wakes: '2' }]);
      await client.query(
        `insert into quotas (tenant_id, resource, max) values ($1, 'vpcs', 9) on conflict (tenant_id, resource) do update set max = excluded.max`,
        [a],
      );
      await client.query('select from tenants where id = $1 for no key update', [b]);
      await client.query(`update tenants set status = 'suspended', updated_at = now() where id = $1`, [b]);
      const user = (await client.query('select owner_id from tenants where id = $1', [a])).rows[0].owner_id;
      await client.query(
        `insert into audit_logs (user_id, tenant_id, action, resource_type) values ($1, $2, 'quota.set', 'quota')`,
        [user, a],
      );
      await client.query(
        `insert into events (tenant_id, event_type, resource_id, resource_type) values ($1, 'QUOTA_SET', 'vpcs', 'quota')`,
        [a],
      );
      await client.query(
        `insert into idempotency_keys (tenant_id, operation, key, request_hash, resource_id, expires_at) values ($1, 'quotas.set', 'k', repeat('0', 64), 'vpcs', now())
         on conflict (tenant_id, operation, key) do update set request_hash = excluded.request_hash where idempotency_keys.expires_at < now()`,
        [a],
      );
      await client.query('rollback');
      for (const text of [
        'delete from instances',
        `update instances set power = 'stopped'`,
        `update tenants set owner_id = id`,
        `update users set role = 'admin'`,
        `update users set email = 'x@example.com'`,
        'update hosts set vcpus = 1000',
        `update reconcile set lease_token = null`,
        'delete from reconcile',
        'delete from audit_logs',
        `update audit_logs set action = 'x'`,
        `update hosts set state = 'up'`,
        `insert into memberships (tenant_id, user_id, role) select id, owner_id, 'owner' from tenants`,
      ])
        await expect(client.query(text), text).rejects.toMatchObject(refused);
    });
  });
});

describe('a table that comes later', () => {
  it('is secured for every role in one call', async () => {
    await asOwner(async (client) => {
      await client.query(`begin;
        create table gadgets (id uuid primary key, tenant_id uuid not null, name text, token_sealed text);
        select secure_tenant_table('gadgets', '{token_sealed}');
        create table gizmos (id uuid primary key, tenant_id uuid not null);
        select secure_tenant_table('gizmos', '{*}'), open_to_data_plane('gizmos', 'select, insert');
        grant select on gadgets, gizmos to cloud_api`);
      const policies = await client.query(
        `select tablename || '.' || policyname as name from pg_policies where tablename in ('gadgets', 'gizmos') order by 1`,
      );
      expect(policies.rows.map((row) => row.name)).toEqual([
        'gadgets.api_tenant',
        'gadgets.operator_all',
        'gadgets.worker_tenant',
        'gizmos.api_tenant',
        'gizmos.data_plane',
        'gizmos.worker_tenant',
      ]);
      const may = async (role: string, table: string, column: string) =>
        (await client.query(`select has_column_privilege($1, $2, $3, 'select') as may`, [role, table, column])).rows[0]
          .may;
      expect(await may('cloud_operator', 'gadgets', 'name')).toBe(true);
      expect(await may('cloud_operator', 'gadgets', 'token_sealed')).toBe(false);
      expect(await may('cloud_operator', 'gizmos', 'id')).toBe(false);
      expect(await may('cloud_data', 'gadgets', 'id')).toBe(false);
      expect(await may('cloud_data', 'gizmos', 'id')).toBe(true);

      // A column that is added is hidden where others are, until it is shown.
      await client.query('alter table gadgets add column size int');
      expect(await may('cloud_operator', 'gadgets', 'size')).toBe(false);
      await client.query(`select show_to_operator('gadgets', '{token_sealed}')`);
      expect(await may('cloud_operator', 'gadgets', 'size')).toBe(true);
      expect(await may('cloud_operator', 'gadgets', 'token_sealed')).toBe(false);
      await expect(client.query(`select show_to_operator('gadgets', '{tokn_sealed}')`)).rejects.toThrow(
        'gadgets has no column tokn_sealed to hide',
      );
      await client.query('rollback');
    });
  });
});
