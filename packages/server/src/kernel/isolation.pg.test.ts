import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../../testkit/src/index.ts';
import { signScopes } from '../testing/sign-scopes.ts';
import { type Database, openDatabase } from './sql/pool.ts';

// Below the API: what PostgreSQL itself lets a transaction see and write. Table by table from the catalog, so that a new one is tried
// too. Each has a row of tenant A and one of tenant B, made by the owner with made-up values.

const USER = '00000000-0000-7000-8000-0000000000aa';
const OTHER_USER = '00000000-0000-7000-8000-0000000000bb';
const A = '00000000-0000-7000-8000-00000000000a';
const B = '00000000-0000-7000-8000-00000000000b';
/** A user of no tenant. */
const C = '00000000-0000-7000-8000-0000000000cc';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly length: number | null;
  readonly needed: boolean;
  readonly fixed: boolean;
}

let test: TestDatabase;
let api: Database;
let worker: Database;
let signer: pg.Pool;
let columns: readonly Column[];
let tables: readonly string[];

beforeAll(async () => {
  test = await createTestDatabase();
  signer = new pg.Pool({ connectionString: test.ownerUrl, max: 1 });
  api = signScopes(openDatabase({ connectionString: test.apiUrl, max: 3, min: 0 }), signer);
  worker = openDatabase({ connectionString: test.workerUrl, max: 3, min: 0 });
  await withClient(test.ownerUrl, async (owner) => {
    await owner.query(`
      insert into users (id, email, password_hash, name) values ('${USER}', 'a@example.com', 'x', 'A'), ('${OTHER_USER}', 'b@example.com', 'x', 'B');
      insert into tenants (id, name, slug, owner_id, account_number) values
        ('${A}', 'A', 'a', '${USER}', '100000000000'), ('${B}', 'B', 'b', '${OTHER_USER}', '200000000000');
      insert into memberships (tenant_id, user_id, role) values ('${A}', '${USER}', 'owner'), ('${B}', '${OTHER_USER}', 'owner')`);
    const { rows } = await owner.query<Column>(
      `select c.table_name as table, c.column_name as name, c.udt_name as type, c.character_maximum_length as length,
         c.is_nullable = 'NO' and c.column_default is null as needed, c.is_identity = 'YES' or c.is_generated <> 'NEVER' as fixed
       from information_schema.columns c
       join information_schema.tables t on t.table_name = c.table_name and t.table_schema = 'public' and t.table_type = 'BASE TABLE'
       where c.table_schema = 'public' order by 1, c.ordinal_position`,
    );
    columns = rows;
    tables = [...new Set(rows.filter((column) => column.name === 'tenant_id').map((column) => column.table))];
    // Foreign keys and checks are another test's matter: here only the policies count.
    const constraints = await owner.query<{ table: string; name: string }>(
      `select conrelid::regclass::text as table, conname as name from pg_constraint
       where contype in ('f', 'c') and connamespace = 'public'::regnamespace`,
    );
    for (const { table, name } of constraints.rows) await owner.query(`alter table ${table} drop constraint "${name}"`);
    for (const table of tables.filter((name) => name !== 'memberships'))
      for (const [tenant, user] of [
        [A, USER],
        [B, OTHER_USER],
      ] as const)
        await owner.query(insertion(table, tenant, user));
  });
});
afterAll(async () => {
  await Promise.all([api.close(), worker.close(), signer.end()]);
  await test.drop();
});

let drawn = 0;
function insertion(table: string, tenant: string, user: string): string {
  drawn++;
  const made = columns
    .filter(
      (column) =>
        column.table === table && (column.needed || ['tenant_id', 'user_id'].includes(column.name)) && !column.fixed,
    )
    .map((column) => {
      if (column.name === 'tenant_id') return [column.name, `'${tenant}'`];
      if (column.name === 'user_id') return [column.name, `'${user}'`];
      if (column.type === 'uuid') return [column.name, 'gen_random_uuid()'];
      if (column.type.startsWith('int') || column.type === 'numeric' || column.type.startsWith('float'))
        return [column.name, String(drawn)];
      if (column.type === 'timestamptz') return [column.name, 'now()'];
      if (column.type === 'jsonb') return [column.name, `'{}'`];
      if (column.type === 'inet') return [column.name, `'10.0.0.0'::inet + ${drawn}`];
      if (column.type === 'macaddr') return [column.name, `'02:00:00:00:00:${String(drawn % 100).padStart(2, '0')}'`];
      if (column.type === 'bytea') return [column.name, `'\\x00'`];
      if (column.type === 'bool') return [column.name, 'false'];
      if (column.type.startsWith('_')) return [column.name, `'{}'`];
      return [column.name, `'${`t${drawn}-${column.name}`.slice(0, column.length ?? 100)}'`];
    });
  return `insert into ${table} (${made.map(([name]) => `"${name}"`).join(', ')}) values (${made.map(([, value]) => value).join(', ')})`;
}

const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    (rows) => `${(rows as unknown[]).length} rows`,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
/** insufficient_privilege: a policy's check, or no grant at all. */
const REFUSED = '42501';

describe('the rows of another tenant', () => {
  it('covers the tables that there are', () => {
    expect(tables.length).toBeGreaterThan(25);
    expect(tables).toEqual(
      expect.arrayContaining(['vpcs', 'instances', 'api_keys', 'audit_logs', 'quotas', 'reconcile', 'stream_tickets']),
    );
  });

  it('are not seen by the API, which sees its own', async () => {
    const seen: Record<string, string> = {};
    const grants = await readable();
    for (const table of tables) {
      const ask = (text: string) =>
        outcomeOf(api.transaction({ tenantId: A, userId: USER }, (sql) => sql.query('test.see', text)));
      const own = await ask(`select 1 as ok from ${table} where tenant_id = '${A}'`);
      const theirs = await ask(`select 1 as ok from ${table} where tenant_id = '${B}'`);
      seen[table] = grants.has(table) ? `own ${own}, theirs ${theirs}` : `own ${own}`;
    }
    for (const [table, what] of Object.entries(seen))
      expect([`own 1 rows, theirs 0 rows`, `own ${REFUSED}`], `${table}: ${what}`).toContain(what);
    // Not everything is simply forbidden.
    expect(Object.values(seen).filter((what) => what.startsWith('own 1')).length).toBeGreaterThan(20);
  });

  it('are not seen by anybody without a tenant', async () => {
    for (const [name, database] of [
      ['api', api],
      ['worker', worker],
    ] as const) {
      for (const table of tables) {
        const alone = await outcomeOf(
          database.query('test.alone', `select 1 as ok from ${table} where tenant_id is not null`),
        );
        const begun = await outcomeOf(
          database.transaction({}, (sql) =>
            sql.query('test.alone', `select 1 as ok from ${table} where tenant_id is not null`),
          ),
        );
        for (const outcome of [alone, begun]) expect(['0 rows', REFUSED], `${name} ${table}`).toContain(outcome);
      }
    }
  });

  it('are seen by a worker that asks for every tenant, or for theirs', async () => {
    for (const table of tables) {
      const all = await outcomeOf(
        worker.transaction({ tenantId: '*' }, (sql) =>
          sql.query('test.all', `select 1 as ok from ${table} where tenant_id in ('${A}', '${B}')`),
        ),
      );
      const one = await outcomeOf(
        worker.transaction({ tenantId: B }, (sql) =>
          sql.query('test.all', `select 1 as ok from ${table} where tenant_id in ('${A}', '${B}')`),
        ),
      );
      expect([table, all, one]).toEqual([table, '2 rows', '1 rows']);
    }
  });

  it('cannot be made by the API', async () => {
    for (const table of tables) {
      const outcome = await outcomeOf(
        api.transaction({ tenantId: A, userId: USER }, (sql) => sql.query('test.make', insertion(table, B, USER))),
      );
      expect([table, outcome]).toEqual([table, REFUSED]);
    }
  });

  it('cannot be changed, taken over or removed by the API', async () => {
    for (const table of tables) {
      const column = columns.find(
        (one) => one.table === table && !['tenant_id', 'id'].includes(one.name) && !one.fixed,
      )!.name;
      for (const text of [
        `update ${table} set "${column}" = "${column}" where tenant_id = '${B}' returning 1 as ok`,
        `update ${table} set tenant_id = '${A}' where tenant_id = '${B}' returning 1 as ok`,
        `delete from ${table} where tenant_id = '${B}' returning 1 as ok`,
      ]) {
        const outcome = await outcomeOf(
          api.transaction({ tenantId: A, userId: USER }, (sql) => sql.query('test.change', text)),
        );
        expect(['0 rows', REFUSED], `${text}: ${outcome}`).toContain(outcome);
      }
      const given = await outcomeOf(
        api.transaction({ tenantId: A, userId: USER }, (sql) =>
          sql.query('test.give', `update ${table} set tenant_id = '${B}' where tenant_id = '${A}'`),
        ),
      );
      expect([table, given]).toEqual([table, REFUSED]);
    }
  });

  it('and every table with a tenant has row-level security', async () => {
    await withClient(test.ownerUrl, async (owner) => {
      const { rows } = await owner.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity order by 1`,
      );
      const open = rows.map((row) => row.name);
      expect(open.filter((name) => tables.includes(name))).toEqual([]);
      // The platform's own: nothing of a tenant is in them. A new name here wants a reason.
      expect(open).toEqual([
        'audit_checkpoints',
        'audit_keys',
        'goose_db_version',
        'hosts',
        'instance_types',
        'master_key_rotations',
        'migration_checksums',
        'platform',
        'platform_settings',
        'role_permissions',
        'roles',
        'scope_key',
        // Names of columns.
        'sealed_columns',
      ]);
    });
  });
});

describe('an API process that was taken over', () => {
  /** What it may say to get at the rows of B: names, and tokens that the database has not made, or not for now. */
  async function sayings(): Promise<Readonly<Record<string, string>>> {
    const { rows } = await signer.query<{ own: string; expired: string }>(
      `select sign_scope($1, $2) as own, sign_scope($3, $4, '-1 second') as expired`,
      [A, USER, B, OTHER_USER],
    );
    const { own, expired } = rows[0]!;
    const hex = (id: string) => id.replaceAll('-', '');
    const later = BigInt(`0x${expired.slice(64, 80)}`) + 3600n;
    const scope = (token: string) => `set local cloud.scope = '${token}'`;
    return {
      nothing: 'select 1',
      'the names of B': `set local cloud.tenant_id = '${B}'; set local cloud.user_id = '${OTHER_USER}'`,
      'the name of all': `set local cloud.tenant_id = '*'`,
      'names beside its own token': `${scope(own)}; set local cloud.tenant_id = '${B}'; set local cloud.user_id = '${OTHER_USER}'`,
      'its own token with the tenant of B': scope(`${hex(B)}${own.slice(32)}`),
      'its own token with the user of B': scope(`${own.slice(0, 32)}${hex(OTHER_USER)}${own.slice(64)}`),
      'a token of B that has expired': scope(expired),
      'that token with a later end': scope(
        `${expired.slice(0, 64)}${later.toString(16).padStart(16, '0')}${expired.slice(80)}`,
      ),
      'a token without a code': scope(`${hex(B)}${hex(OTHER_USER)}${'7'.repeat(16)}${'0'.repeat(64)}`),
      'a part of a token': scope(`${hex(B)}${hex(OTHER_USER)}${'7'.repeat(16)}`),
    };
  }

  it('reads, makes, changes and deletes no row of a tenant, in every table, by what it says and cannot prove', async () => {
    const statements = [...tables, 'tenants', 'users'].flatMap((table) => {
      const [key, whose] = table === 'tenants' ? ['id', B] : table === 'users' ? ['id', OTHER_USER] : ['tenant_id', B];
      const column = columns.find((one) => one.table === table && one.name !== key && !one.fixed)!.name;
      return [
        `select 1 from ${table} where ${key} = '${whose}'`,
        ...(key === 'id' ? [] : [insertion(table, B, OTHER_USER)]),
        `update ${table} set "${column}" = "${column}" where ${key} = '${whose}'`,
        `delete from ${table} where ${key} = '${whose}'`,
      ];
    });
    const bad: string[] = [];
    let run = 0;
    await withClient(test.apiUrl, async (client) => {
      client.on('notice', (notice) => (notice.severity === 'WARNING' ? bad.push(notice.message ?? '') : run++));
      // All in one round trip. 28000: the token has expired.
      for (const [name, saying] of Object.entries(await sayings()))
        await client.query(`begin; ${saying};
          do $do$
          declare
            statement text;
            touched int;
          begin
            foreach statement in array array[${statements.map((text) => pg.escapeLiteral(text)).join(', ')}] loop
              raise notice 'running';
              begin
                execute statement;
                get diagnostics touched = row_count;
                if touched > 0 then
                  raise warning '${name}: %: % rows', statement, touched;
                end if;
              exception
                when insufficient_privilege or invalid_authorization_specification then null;
                when others then raise warning '${name}: %: %', statement, sqlerrm;
              end;
            end loop;
          end
          $do$;
          rollback`);
    });
    expect(run).toBe(statements.length * 10);
    expect(bad).toEqual([]);
  });

  it('makes no token, reads not what they are made with, and has none for the hash of a key', async () => {
    await withClient(test.apiUrl, async (client) => {
      for (const text of [
        'select * from scope_key',
        `select sign_scope('${B}', '${OTHER_USER}')`,
        `select set_scope('${B}', '${OTHER_USER}')`,
        `select scope_of_key('${OTHER_USER}', '${B}', 'owner', '${B}', false, null, false)`,
        `select * from describe_keys(array['x'])`,
      ])
        await expect(client.query(text), text).rejects.toMatchObject({ code: REFUSED });
      const key = 'thecloud_00000000000000000000000000000000';
      await signer.query(
        `insert into api_keys (id, user_id, tenant_id, key) values (gen_random_uuid(), $1, $2, encode(sha256($3::text::bytea), 'hex'))`,
        [OTHER_USER, B, key],
      );
      const ask = `select scope_token from authenticate_keys(array[$1])`;
      const hash = createHash('sha256').update(key).digest('hex');
      expect((await client.query(ask, [hash])).rows).toEqual([]);
      const { rows } = await client.query(ask, [key]);
      await client.query(`begin; set local cloud.scope = '${rows[0].scope_token}'`);
      expect((await client.query('select scope_tenant() as tenant, scope_user() as "user"')).rows).toEqual([
        { tenant: B, user: OTHER_USER },
      ]);
      await client.query('rollback');
    });
  });

  it('has no token for a key that was revoked, has expired, or whose user was suspended or has gone', async () => {
    const made = async (change: string) => {
      const key = `thecloud_${change.length}`;
      await signer.query(
        `insert into users (id, email, password_hash, name) values ('${C}', 'c@example.com', 'x', 'C') on conflict do nothing`,
      );
      await signer.query(
        `insert into api_keys (id, user_id, tenant_id, key) values (gen_random_uuid(), $1, $2, encode(sha256($3::text::bytea), 'hex'))`,
        [C, A, key],
      );
      await signer.query(change);
      const rows = await api.query<{ scope_token: string | null }>(
        'test.ask',
        'select scope_token from authenticate_keys(array[$1])',
        [key],
      );
      await signer.query(`delete from api_keys where user_id = '${C}'`);
      await signer.query(`update users set suspended_at = null, closed_at = null where id = '${C}'`);
      return rows[0]!.scope_token;
    };
    const ofKey = (change: string) => `update api_keys set ${change} where user_id = '${C}'`;
    expect(await made(ofKey('name = null'))).toMatch(/^[0-9a-f]{144}$/);
    expect(await made(ofKey('revoked_at = now()'))).toBeNull();
    expect(await made(ofKey(`expires_at = now() - interval '1 second'`))).toBeNull();
    expect(await made(`update users set suspended_at = now() where id = '${C}'`)).toBeNull();
    expect(await made(`update users set closed_at = now() where id = '${C}'`)).toBeNull();
    // Without a membership the token is for the user alone.
    const token = (await made(ofKey(`expires_at = now() + interval '1 hour'`)))!;
    expect(token.slice(0, 64)).toBe(`${'0'.repeat(32)}${C.replaceAll('-', '')}`);
  });
});

async function readable(): Promise<ReadonlySet<string>> {
  const rows = await api.query<{ name: string }>(
    'test.readable',
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and has_any_column_privilege(oid, 'select')`,
  );
  return new Set(rows.map((row) => row.name));
}
