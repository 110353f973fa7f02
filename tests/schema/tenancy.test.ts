import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { readForeignKeys } from './catalog.ts';
import { fill } from './fill.ts';

/** What belongs to the platform or to users; every other table belongs to tenants. */
const PLATFORM_TABLES = [
  'audit_checkpoints',
  'audit_keys',
  'goose_db_version',
  'hosts',
  'instance_types',
  'login_sources',
  'master_key_rotations',
  'migration_checksums',
  'password_resets',
  'platform',
  'platform_settings',
  'proofs',
  'recovery_codes',
  'role_permissions',
  'roles',
  'scope_key',
  'sealed_columns',
  'second_factors',
  'tenants',
  'users',
];

/** What the data plane reaches, and of what operators see no row: roles.test.ts says more. */
const DATA_PLANE_TABLES = [
  'cron_job_runs',
  'cron_jobs',
  'functions',
  'invocations',
  'object_versions',
  'objects',
  'queue_attempts',
  'queue_deduplications',
  'queue_groups',
  'queue_messages',
  'queues',
  'subscriptions',
  'topics',
];
const HIDDEN_FROM_OPERATORS = [
  'api_keys',
  'cron_job_runs',
  'invocations',
  'queue_attempts',
  'queue_deduplications',
  'queue_groups',
  'queue_messages',
  'stream_tickets',
];

/** Tables of tenants with an id that are not listed by (tenant_id, id), and how they are. */
const LISTED_OTHERWISE = {
  api_keys: 'by user',
  audit_logs: 'by created_at',
  events: 'by seq',
  cron_job_runs: 'by job',
  invocations: 'by function',
  lb_targets: 'by load balancer',
  mails: 'not at all',
  object_versions: 'by object',
  queue_messages: 'by queue',
  reconcile: 'by kind',
  scaling_policies: 'by group',
};

let test: TestDatabase;
let tenantTables: readonly string[];
let platformTables: readonly string[];

const asOwner = <T>(work: (client: pg.Client) => Promise<T>) => withClient(test.ownerUrl, work);
const rows = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
  (await asOwner((client) => client.query<Row>(text, values))).rows;

const tokens = new Map<string, string>();
/** Names a tenant as a worker does, and proves it as the API has to. */
async function enter(client: pg.Client, tenant: string): Promise<void> {
  const nobody = '00000000-0000-0000-0000-000000000000';
  if (tenant !== '*' && !tokens.has(tenant)) {
    const [signed] = await rows<{ token: string }>(`select sign_scope($1, $2, '10 minutes') as token`, [
      tenant,
      nobody,
    ]);
    tokens.set(tenant, signed!.token);
  }
  await client.query(`select set_config('cloud.tenant_id', $1, true), set_config('cloud.scope', $2, true)`, [
    tenant,
    tokens.get(tenant) ?? '',
  ]);
}

beforeAll(async () => {
  test = await createTestDatabase();
  const tables = await rows<{ name: string; owned: boolean }>(`
    select c.relname as name, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as owned
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1`);
  tenantTables = tables.filter((table) => table.owned).map((table) => table.name);
  platformTables = tables.filter((table) => !table.owned).map((table) => table.name);
});
afterAll(() => test.drop());

describe('keys', () => {
  it("give every table but the platform's a tenant", () => {
    expect(platformTables).toEqual(PLATFORM_TABLES);
    expect(tenantTables.length).toBeGreaterThanOrEqual(30);
  });

  it('have an index each', async () => {
    const indexes = await rows<{ table: string; columns: string[] }>(`
      select i.indrelid::regclass::text as table,
             array(select a.attname::text from unnest(i.indkey) with ordinality as k(number, place)
                   join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number order by k.place) as columns
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
      join pg_class t on t.oid = i.indrelid
      where am.amname = 'btree' and t.relnamespace = 'public'::regnamespace
        -- a condition that a key is not null leaves out no row that a key can point from
        and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%s IS NOT NULL)', (select quote_ident(attname) from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0])))`);
    // The column that tells rows apart comes first; an index on tenant_id alone would find all of a tenant.
    const isIndexed = (table: string, columns: readonly string[]) =>
      indexes.some((index) => {
        if (index.table !== table) return false;
        const narrow = columns.length > 1 ? columns.filter((column) => column !== 'tenant_id') : columns;
        const leading = index.columns.slice(0, narrow.length);
        const whole = index.columns.slice(0, columns.length);
        return narrow.every((column) => leading.includes(column)) || columns.every((column) => whole.includes(column));
      });
    const keys = await asOwner(readForeignKeys);
    const bare = keys
      .filter((key) => !isIndexed(key.table, key.columns))
      .map((key) => `${key.table} (${key.columns.join(', ')})`);
    expect(keys.length).toBeGreaterThan(60);
    expect(bare).toEqual([]);
  });

  it("between tenants' own rows hold the tenant too, with the same action", async () => {
    const keys = await asOwner(readForeignKeys);
    const single = keys.filter(
      (key) =>
        key.columns.length === 1 &&
        tenantTables.includes(key.table) &&
        tenantTables.includes(key.target) &&
        key.columns[0] !== 'tenant_id',
    );
    expect(single.length).toBeGreaterThan(20);
    for (const key of single) {
      const column = key.columns[0]!;
      const twin = keys.find(
        (other) =>
          other.table === key.table &&
          other.target === key.target &&
          other.columns.length === 2 &&
          other.columns.includes('tenant_id') &&
          other.columns.includes(column),
      );
      expect(twin, `${key.table}.${column} has no key with the tenant`).toBeDefined();
      expect(twin!.target_columns[twin!.columns.indexOf('tenant_id')]).toBe('tenant_id');
      expect(twin!.on_delete).toBe(key.on_delete);
      if (twin!.on_delete === 'n')
        expect(twin!.nulled, `${twin!.name} must not set the tenant to null`).toEqual([column]);
    }
  });

  it("keep a tenant from pointing at another's VPC", async () => {
    await asOwner(async (client) => {
      await client.query(`begin;
        insert into users (id, email, password_hash, name) values ('00000000-0000-7000-8000-0000000000f1', 'fk@example.com', 'x', 'x');
        insert into tenants (id, name, slug, owner_id, account_number) values
          ('00000000-0000-7000-8000-00000000f0aa', 'a', 'fka', '00000000-0000-7000-8000-0000000000f1', '300000000001'),
          ('00000000-0000-7000-8000-00000000f0bb', 'b', 'fkb', '00000000-0000-7000-8000-0000000000f1', '300000000002');
        insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id) values
          ('00000000-0000-7000-8000-00000000f00c', '00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-00000000f0aa', 'v', '10.0.0.0/16', 'n')`);
      const insert = `insert into instances (user_id, tenant_id, vpc_id, name, image, status) values
        ('00000000-0000-7000-8000-0000000000f1', $1, '00000000-0000-7000-8000-00000000f00c', 'i', 'busybox', 'STARTING') returning id`;
      const own = await client.query(insert, ['00000000-0000-7000-8000-00000000f0aa']);
      await client.query(`delete from vpcs where id = '00000000-0000-7000-8000-00000000f00c'`);
      const after = await client.query('select tenant_id, vpc_id from instances where id = $1', [own.rows[0].id]);
      expect(after.rows).toEqual([{ tenant_id: '00000000-0000-7000-8000-00000000f0aa', vpc_id: null }]);
      await client.query(`insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id) values
        ('00000000-0000-7000-8000-00000000f00c', '00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-00000000f0aa', 'v', '10.0.0.0/16', 'n')`);
      await expect(client.query(insert, ['00000000-0000-7000-8000-00000000f0bb'])).rejects.toMatchObject({
        code: '23503',
      });
      await client.query('rollback');
    });
  });
});

describe('lists', () => {
  it('of every resource go through an index, newest first, without a sort', async () => {
    const withId = await rows<{ name: string }>(
      `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'id' and table_name = any ($1) order by 1`,
      [tenantTables],
    );
    const resources = withId.map((table) => table.name).filter((name) => !(name in LISTED_OTHERWISE));
    expect(resources.length).toBeGreaterThanOrEqual(17);
    await asOwner(async (client) => {
      await client.query('set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off');
      for (const table of resources) {
        const { rows: lines } = await client.query<{ 'QUERY PLAN': string }>(
          `explain (costs off) select id from ${table}
           where tenant_id = '00000000-0000-7000-8000-00000000000a' and id < '00000000-0000-7000-8000-00000000000b' order by id desc limit 51`,
        );
        const plan = lines.map((line) => line['QUERY PLAN'].trim()).join('\n');
        expect(plan, table).toMatch(
          /^Limit\n->\s+Index (Only )?Scan Backward using \w+_tenant_id_id_key on \w+\nIndex Cond: \(\(tenant_id = .*\) AND \(id < .*\)\)$/,
        );
      }
    });
  });
});

describe('row-level security', () => {
  it('is on for every table of tenants, users and tenants, with a policy for each role that has to do with it', async () => {
    const guarded = await rows<{ name: string; enabled: boolean; roles: string[] }>(
      `
      select c.relname as name, c.relrowsecurity as enabled,
             array(select distinct r.rolname::text from pg_policy p join pg_roles r on r.oid = any (p.polroles) where p.polrelid = c.oid order by 1) as roles
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any ($1) order by 1`,
      [[...tenantTables, 'users', 'tenants']],
    );
    for (const table of guarded)
      expect(table, table.name).toMatchObject({
        enabled: true,
        roles: [
          'cloud_api',
          ...(DATA_PLANE_TABLES.includes(table.name) ? ['cloud_data'] : []),
          ...(HIDDEN_FROM_OPERATORS.includes(table.name) ? [] : ['cloud_operator']),
          'cloud_worker',
        ],
      });
  });

  it('binds every role: no owner, no superuser, no bypass; their timeouts are set', async () => {
    const roles = await rows(`
      select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolconfig,
             exists (select from pg_class c where c.relowner = r.oid) as owns,
             exists (select from pg_auth_members m where m.member = r.oid) as is_member
      from pg_roles r where starts_with(rolname, 'cloud_') order by 1`);
    const plain = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolcanlogin: true,
      owns: false,
      is_member: false,
    };
    const short = ['statement_timeout=10s', 'lock_timeout=2s', 'idle_in_transaction_session_timeout=10s'];
    const long = ['statement_timeout=30s', 'lock_timeout=5s', 'idle_in_transaction_session_timeout=30s'];
    expect(roles).toMatchObject([
      { rolname: 'cloud_api', ...plain, rolconfig: short },
      { rolname: 'cloud_data', ...plain, rolconfig: short },
      { rolname: 'cloud_operator', ...plain, rolconfig: short },
      { rolname: 'cloud_worker', ...plain, rolconfig: long },
    ]);
  });

  it('gives nobody more than their work needs', async () => {
    const may = async (role: string, table: string, privilege: string) =>
      (await rows<{ may: boolean }>('select has_table_privilege($1, $2, $3) as may', [role, table, privilege]))[0]!.may;
    for (const table of ['audit_logs', 'events']) {
      for (const privilege of ['update', 'delete', 'truncate'])
        expect(await may('cloud_api', table, privilege), `${privilege} ${table}`).toBe(false);
      expect(await may('cloud_worker', table, 'update')).toBe(false);
    }
    for (const table of ['instances', 'vpcs', 'volumes', 'tenants', 'users', 'reconcile'])
      expect(await may('cloud_api', table, 'delete'), table).toBe(false);
    for (const role of ['cloud_api', 'cloud_worker', 'cloud_operator', 'cloud_data']) {
      for (const table of ['goose_db_version', 'migration_checksums'])
        expect(await may(role, table, 'select'), table).toBe(false);
      for (const [table, column] of [
        ['users', 'password_hash'],
        ['api_keys', 'key'],
        ['api_keys', 'aws_secret_sealed'],
      ]) {
        expect(
          (
            await rows<{ may: boolean }>(`select has_column_privilege($1, $2, $3, 'select') as may`, [
              role,
              table,
              column,
            ])
          )[0]!.may,
          `${table}.${column}`,
        ).toBe(false);
      }
    }
    const open = await rows<{ name: string }>(`
      select p.oid::regprocedure::text as name from pg_proc p
      where p.pronamespace = 'public'::regnamespace
        and (has_function_privilege('public', p.oid, 'execute') or p.prosecdef and not coalesce(array_to_string(p.proconfig, ',') like '%search_path=%', false))`);
    expect(open, 'functions for everybody, or definer functions without a fixed search path').toEqual([]);
  });

  it("shows each tenant its rows, in every table, and nobody else's", async () => {
    const a = await fill(test.ownerUrl, 'a');
    const b = await fill(test.ownerUrl, 'b');
    const count = (url: string, table: string, tenant: string | undefined) =>
      withClient(url, async (client) => {
        await client.query('begin');
        if (tenant !== undefined) await enter(client, tenant);
        const answer = await client.query(`select tenant_id from ${table}`).catch((error: pg.DatabaseError) => {
          // no right to read at all is as good
          if (error.code !== '42501') throw error;
          return undefined;
        });
        return answer?.rows.map((row) => row.tenant_id);
      });
    for (const table of tenantTables) {
      for (const [url, who] of [
        [test.apiUrl, 'api'],
        [test.workerUrl, 'worker'],
      ] as const) {
        const seen = await count(url, table, a);
        if (seen === undefined) {
          expect(
            ['api stream_tickets', 'api mails', 'api queue_attempts', 'api queue_deduplications', 'api queue_groups'],
            'may not read',
          ).toContain(`${who} ${table}`);
          continue;
        }
        expect(seen.length, `${who} sees its own in ${table}`).toBeGreaterThan(0);
        expect(new Set(seen), `${who} ${table}`).toEqual(new Set([a]));
        expect(new Set(await count(url, table, b)), `${who} ${table}`).toEqual(new Set([b]));
        expect(await count(url, table, undefined), `${who} without a tenant, ${table}`).toEqual([]);
        expect(
          await count(url, table, '00000000-0000-7000-8000-00000000dead'),
          `${who} as a stranger, ${table}`,
        ).toEqual([]);
      }
      expect(new Set(await count(test.workerUrl, table, '*')), `worker as all, ${table}`).toEqual(new Set([a, b]));
    }
  }, 60_000);

  it('lets nobody write a row into another tenant, or move one there', async () => {
    const [mine] = await rows<{ id: string }>(`select id from tenants where slug = 'rls-a'`);
    const [other] = await rows<{ id: string }>(`select id from tenants where slug = 'rls-b'`);
    const [user] = await rows<{ id: string }>(`select owner_id as id from tenants where slug = 'rls-a'`);
    for (const url of [test.apiUrl, test.workerUrl]) {
      await withClient(url, async (client) => {
        await client.query('begin');
        await enter(client, mine!.id);
        await client.query('savepoint s');
        for (const [tenant, name] of [
          [other!.id, 'theirs'],
          [null, 'nobody'],
        ]) {
          await expect(
            client.query(`insert into queues (user_id, tenant_id, name, arn) values ($1, $2, $3, 'arn')`, [
              user!.id,
              tenant,
              name,
            ]),
          ).rejects.toMatchObject({ code: '42501' });
          await client.query('rollback to s');
        }
        await expect(client.query('update queues set tenant_id = $1', [other!.id])).rejects.toMatchObject({
          code: '42501',
        });
        await client.query('rollback');
      });
    }
  });
});
