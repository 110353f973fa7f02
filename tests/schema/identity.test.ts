import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';

let test: TestDatabase;
beforeEach(async () => {
  test = await createTestDatabase();
});
afterEach(() => test.drop());

const NOW = '2026-03-01T12:00:00Z';
const id = (n: number) => `00000000-0000-7000-9000-${String(n).padStart(12, '0')}`;
/** Person n has user id n and tenant id 1000 + n. */
const REGISTER = 'select * from register_user($1, $2, $3, $4, $5, $6, $7, $8, $9)';
const registration = (n: number, change: Partial<Record<'email' | 'slug' | 'account', string>> = {}) => [
  id(n),
  change.email ?? `p${n}@example.com`,
  `hash${n}`,
  `Person ${n}`,
  id(1000 + n),
  `Tenant ${n}`,
  change.slug ?? `t${n}`,
  change.account ?? String(100_000_000_000 + n),
  NOW,
];
const asApi = <T>(work: (client: pg.Client) => Promise<T>) => withClient(test.apiUrl, work);
const asOwner = <T>(work: (client: pg.Client) => Promise<T>) => withClient(test.ownerUrl, work);
const register = (n: number, change?: Parameters<typeof registration>[1]) =>
  asApi(async (client) => (await client.query(REGISTER, registration(n, change))).rows[0]);
const scoped = async <T>(client: pg.Client, scope: { tenant?: string; user?: string }, work: () => Promise<T>) => {
  await client.query('begin');
  if (scope.tenant !== undefined || scope.user !== undefined) {
    const token = await asOwner((owner) =>
      owner.query('select sign_scope($1, $2) as token', [scope.tenant ?? null, scope.user ?? id(0)]),
    );
    await client.query(`select set_config('cloud.scope', $1, true)`, [token.rows[0].token]);
  }
  try {
    return await work();
  } finally {
    await client.query('rollback');
  }
};

describe('registration', () => {
  it('makes the first person the operator, the next an ordinary user, each owner of a tenant', async () => {
    expect(await register(1)).toEqual({ outcome: 'created', user_role: 'admin' });
    expect(await register(2)).toEqual({ outcome: 'created', user_role: 'developer' });
    const made = await asOwner((client) =>
      client.query(
        'select u.default_tenant_id, m.role, t.owner_id from users u join memberships m on m.user_id = u.id join tenants t on t.id = m.tenant_id where u.id = $1',
        [id(2)],
      ),
    );
    expect(made.rows).toEqual([{ default_tenant_id: id(1002), role: 'owner', owner_id: id(2) }]);
  });

  it('makes one operator when eight register at once', async () => {
    const roles = await Promise.all(Array.from({ length: 8 }, (_, n) => register(n + 1)));
    expect(roles.filter((row) => row.user_role === 'admin')).toHaveLength(1);
  });

  it('says what is taken, and leaves nothing of a refused one', async () => {
    await register(1);
    expect((await register(2, { email: 'P1@Example.com' })).outcome).toBe('email_taken');
    expect((await register(2, { email: 'p1@example.com' })).outcome).toBe('email_taken');
    expect((await register(2, { slug: 't1' })).outcome).toBe('slug_taken');
    expect((await register(2, { account: '100000000001' })).outcome).toBe('account_taken');
    await expect(asApi((client) => client.query(REGISTER, [id(1), ...registration(2).slice(1)]))).rejects.toMatchObject(
      { code: '23505' },
    );
    expect((await asOwner((client) => client.query(`select 1 from users where kind = 'person'`))).rowCount).toBe(1);
  });

  it('can be closed, but not to the first', async () => {
    await asOwner((client) => client.query('update platform set registration_open = false'));
    expect((await register(1)).outcome).toBe('created');
    expect((await register(2)).outcome).toBe('closed');
  });

  it('goes on as the new user, so that the same transaction may write its trail', async () => {
    await asApi(async (client) => {
      await client.query('begin');
      await client.query(REGISTER, registration(7));
      await client.query(
        `insert into audit_logs (user_id, tenant_id, action, resource_type) values ($1, $2, 'user.register', 'user')`,
        [id(7), id(1007)],
      );
      await client.query('commit');
    });
    // and with the transaction the rights end
    await expect(
      asApi((client) =>
        client.query(
          `insert into audit_logs (user_id, tenant_id, action, resource_type) values ($1, $2, 'user.register', 'user')`,
          [id(7), id(1007)],
        ),
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });
});

describe('login', () => {
  it('finds a person by any spelling of the address, and nobody else', async () => {
    await register(1);
    const find = (email: string) =>
      asApi(async (client) => (await client.query('select user_id, password_salt from find_login($1)', [email])).rows);
    expect(await find('P1@EXAMPLE.com')).toEqual([{ user_id: id(1), password_salt: 'hash1' }]);
    expect(await find('system@localhost')).toEqual([]);
    expect(await find('nobody@example.com')).toEqual([]);
  });
});

describe('keys', () => {
  beforeEach(async () => {
    for (const n of [1, 2]) await register(n);
    await asOwner((client) =>
      client.query(`
        insert into memberships (tenant_id, user_id, role) values ('${id(1001)}', '${id(2)}', 'auditor');
        insert into tenant_roles (id, tenant_id, name) values ('${id(5)}', '${id(1001)}', 'auditor');
        insert into tenant_role_permissions (tenant_id, role_id, permission) values ('${id(1001)}', '${id(5)}', 'audit:read'), ('${id(1001)}', '${id(5)}', 'vpc:read');
        insert into api_keys (id, user_id, tenant_id, key, aws_access_key_id, aws_secret_sealed) values ('${id(21)}', '${id(2)}', '${id(1002)}', encode(sha256('k2'), 'hex'), 'AKIA2', 'sealed');
        insert into api_keys (id, user_id, key, revoked_at, expires_at) values ('${id(22)}', '${id(2)}', encode(sha256('old'), 'hex'), '${NOW}', '${NOW}')`),
    );
  });
  const authenticate = (keys: string[], tenants?: (string | null)[]) =>
    asApi(
      async (client) =>
        (await client.query('select * from authenticate_keys($1, $2) order by place', [keys, tenants ?? null])).rows,
    );

  it('tell all about their callers, many at once, in the tenant each asks for', async () => {
    const rows = await authenticate(['k2', 'unknown', 'k2', 'k2', 'old'], [null, null, id(1001), id(9999), null]);
    expect(
      rows.map((row) => [row.place, row.key_id, row.tenant_id, row.membership_role, [...row.permissions].sort()]),
    ).toEqual([
      [1, id(21), id(1002), 'owner', ['*']],
      [3, id(21), id(1001), 'auditor', ['audit:read', 'vpc:read']],
      [4, id(21), null, null, []],
      [5, id(22), id(1002), 'owner', ['*']],
    ]);
    expect(rows[0]).toMatchObject({
      key_kind: 'api',
      user_id: id(2),
      email: 'p2@example.com',
      user_role: 'developer',
      tenant_status: 'active',
      revoked_at: null,
    });
    expect(rows[3]).toMatchObject({ revoked_at: new Date(NOW), expires_at: new Date(NOW), key_tenant_id: null });
    expect(await authenticate(['k2'])).toHaveLength(1);
  });

  it('do not open a tenant to who is no member', async () => {
    await asOwner((client) =>
      client.query('delete from memberships where tenant_id = $1 and user_id = $2', [id(1001), id(2)]),
    );
    expect(await authenticate(['k2'], [id(1001)])).toMatchObject([
      { tenant_id: id(1001), membership_role: null, permissions: [] },
    ]);
  });

  it('end with the membership, and so does a default tenant', async () => {
    await asOwner((client) =>
      client.query('delete from memberships where tenant_id = $1 and user_id = $2', [id(1002), id(2)]),
    );
    expect(await authenticate(['k2'])).toEqual([]);
    expect(
      (await asOwner((client) => client.query('select default_tenant_id from users where id = $1', [id(2)]))).rows,
    ).toEqual([{ default_tenant_id: null }]);
  });

  it('are found by their AWS id, with the sealed secret', async () => {
    const rows = await asApi(
      async (client) => (await client.query('select * from authenticate_aws_keys($1)', [['AKIA0', 'AKIA2']])).rows,
    );
    expect(rows).toMatchObject([
      {
        place: 2,
        account_number: '100000000002',
        secret_sealed: 'sealed',
        user_id: id(2),
        tenant_id: id(1002),
        permissions: ['*'],
      },
    ]);
  });

  it('remember their last use, never an earlier one', async () => {
    const touch = (at: string) => asApi((client) => client.query('select touch_keys($1, $2)', [[id(21)], at]));
    await touch('2026-03-02T00:00:00Z');
    await touch('2026-03-01T00:00:00Z');
    const seen = await asOwner((client) => client.query('select last_used from api_keys where id = $1', [id(21)]));
    expect(seen.rows[0].last_used).toEqual(new Date('2026-03-02T00:00:00Z'));
  });

  it('are seen by their user everywhere, by the tenant they open, and by nobody else', async () => {
    const see = (scope: Parameters<typeof scoped>[1]) =>
      asApi((client) =>
        scoped(client, scope, async () =>
          (await client.query('select id from api_keys order by id')).rows.map((row) => row.id),
        ),
      );
    expect(await see({ user: id(2), tenant: id(1001) })).toEqual([id(21), id(22)]);
    expect(await see({ user: id(1), tenant: id(1002) })).toEqual([id(21)]);
    expect(await see({ user: id(1), tenant: id(1001) })).toEqual([]);
  });

  it('are made by their user only, for the tenant of the transaction only', async () => {
    await asOwner((client) =>
      client.query(
        `insert into api_keys (user_id, tenant_id, key) select n, $1, encode(sha256(convert_to(n::text, 'UTF8')), 'hex') from unnest($2::uuid[]) n`,
        [id(1001), [id(1), id(2)]],
      ),
    );
    await asOwner((client) =>
      client.query(
        `insert into tenant_role_permissions (tenant_id, role_id, permission) values ($1, $2, 'identity:create')`,
        [id(1001), id(5)],
      ),
    );
    const make = (scope: Parameters<typeof scoped>[1], user: string, tenant: string) =>
      asApi((client) =>
        scoped(client, scope, async () => {
          await client.query('select enter_proof($1, null, $2, null)', [scope.user, scope.tenant]);
          await client.query(
            `insert into api_keys (user_id, tenant_id, key, made_with) select $1, $2, 'new', key_id from proven()`,
            [user, tenant],
          );
        }),
      );
    await make({ user: id(2), tenant: id(1001) }, id(2), id(1001));
    await expect(make({ user: id(1), tenant: id(1001) }, id(2), id(1001))).rejects.toMatchObject({ code: '42501' });
    await expect(make({ user: id(2), tenant: id(1001) }, id(2), id(1002))).rejects.toMatchObject({ code: '42501' });
  });
});

describe('who sees whom', () => {
  it("is one's own row, the members of one's tenant, and one's tenants", async () => {
    for (const n of [1, 2, 3]) await register(n);
    await asOwner((client) => client.query(`insert into memberships values ('${id(1001)}', '${id(2)}', 'viewer')`));
    const see = (scope: Parameters<typeof scoped>[1]) =>
      asApi((client) =>
        scoped(client, scope, async () => ({
          users: (await client.query('select id from users order by id')).rows.map((row) => row.id),
          tenants: (await client.query('select id from tenants order by id')).rows.map((row) => row.id),
          memberships: (await client.query('select tenant_id, user_id from memberships')).rowCount,
        })),
      );
    expect(await see({ user: id(1), tenant: id(1001) })).toEqual({
      users: [id(1), id(2)],
      tenants: [id(1001)],
      memberships: 2,
    });
    expect(await see({ user: id(2) })).toEqual({ users: [id(2)], tenants: [id(1001), id(1002)], memberships: 2 });
    expect(await see({})).toEqual({ users: [], tenants: [], memberships: 0 });
    // Only the functions that check the old one, or a token, change a password.
    await expect(asApi((client) => client.query(`update users set password_hash = 'x'`))).rejects.toMatchObject({
      code: '42501',
    });
    await expect(asApi((client) => client.query('select password_hash from users'))).rejects.toMatchObject({
      code: '42501',
    });
    await asApi((client) =>
      scoped(client, { user: id(2) }, async () => {
        expect((await client.query(`update users set name = 'x' where id = $1`, [id(1)])).rowCount).toBe(0);
        await expect(client.query(`update users set role = 'admin' where id = $1`, [id(2)])).rejects.toMatchObject({
          code: '42501',
        });
      }),
    );
    expect(
      await asApi(async (client) => (await client.query('select find_user_id($1) as id', ['P3@example.com'])).rows),
    ).toEqual([{ id: id(3) }]);
  });
});

describe('another tenant', () => {
  it('belongs to the user of the transaction, whose trail may be written there', async () => {
    await register(1);
    const create = (client: pg.Client, n: number, slug: string, account: string) =>
      client
        .query('select create_tenant($1, $2, $3, $4, $5, 3) as outcome', [id(n), 'More', slug, account, NOW])
        .then((answer) => answer.rows[0].outcome);
    await asApi((client) =>
      scoped(client, { user: id(1), tenant: id(1001) }, async () => {
        expect(await create(client, 2001, 'more', '200000000001')).toBe('created');
        expect(await create(client, 2002, 'more', '200000000002')).toBe('slug_taken');
        expect(await create(client, 2003, 'more2', '200000000001')).toBe('account_taken');
        expect(await create(client, 2005, 'more5', '200000000006')).toBe('created');
        expect(await create(client, 2006, 'more6', '200000000007')).toBe('too_many');
        await client.query(
          `insert into events (user_id, tenant_id, event_type, resource_id, resource_type) values ($1, $2, 'TENANT_CREATE', 'x', 'tenant')`,
          [id(1), id(2001)],
        );
        await expect(
          client.query(
            `insert into events (user_id, tenant_id, event_type, resource_id, resource_type) values ($1, $2, 'X', 'x', 'tenant')`,
            [id(1), id(1)],
          ),
        ).rejects.toMatchObject({ code: '42501' });
      }),
    );
    await expect(asApi((client) => create(client, 2004, 'x', '200000000004'))).rejects.toThrow(/needs a user/);
    await expect(
      asApi((client) => scoped(client, { user: id(1) }, () => create(client, 1001, 'y', '200000000005'))),
    ).rejects.toMatchObject({ code: '23505' });
  });
});

describe('the built-in roles', () => {
  it('have the least that their work needs', async () => {
    const { rows } = await asOwner((client) =>
      client.query<{ name: string; permissions: string[] }>(`
      select r.name, array_agg(p.permission::text order by p.permission) as permissions from roles r join role_permissions p on p.role_id = r.id group by r.name`),
    );
    const roles = new Map(rows.map((row) => [row.name, new Set(row.permissions)]));
    expect([...roles.keys()].sort()).toEqual(['admin', 'developer', 'owner', 'user', 'viewer']);
    expect(roles.get('owner')).toEqual(new Set(['*']));
    for (const [name, permissions] of roles) {
      for (const permission of permissions) expect(permission).toMatch(name === 'owner' ? /^\*$/ : /^[a-z_]+:[a-z_]+$/);
    }
    const has = (role: string, permission: string) => roles.get(role)!.has(permission);
    expect(has('admin', 'tenant:update') && has('admin', 'audit:read') && !has('admin', 'tenant:delete')).toBe(true);
    expect(
      has('developer', 'instance:launch') && !has('developer', 'tenant:update') && !has('developer', 'audit:read'),
    ).toBe(true);
    expect(
      has('viewer', 'instance:read') &&
        !has('viewer', 'secret:read') &&
        !has('viewer', 'db:read') &&
        !has('viewer', 'log:read') &&
        !has('viewer', 'queue:read'),
    ).toBe(true);
    expect(
      has('user', 'log:read') && has('developer', 'log:read') && has('user', 'db:read') && !has('user', 'secret:read'),
    ).toBe(true);
    for (const role of ['viewer', 'user']) {
      expect([...roles.get(role)!].filter((permission) => !permission.endsWith(':read')).sort()).toEqual([
        'identity:create',
        'identity:delete',
      ]);
    }
    for (const permission of [...roles.get('developer')!, ...roles.get('user')!, ...roles.get('viewer')!])
      expect(has('admin', permission), permission).toBe(true);
  });
});
