import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/testkit/src/index.ts';
import { fill } from './fill.ts';

let test: TestDatabase;
let owner: pg.Client;
let listener: pg.Client;
let heard: string[] = [];
beforeAll(async () => {
  test = await createTestDatabase();
  await fill(test.ownerUrl, 'a');
  owner = new pg.Client({ connectionString: test.ownerUrl });
  listener = new pg.Client({ connectionString: test.apiUrl });
  await Promise.all([owner.connect(), listener.connect()]);
  await owner.query(
    `insert into second_factors (user_id, secret_sealed, created_at) select id, 'x', now() from users where kind = 'person'`,
  );
  await listener.query('listen cloud_authority');
  listener.on('notification', ({ channel, payload }) => {
    expect(channel).toBe('cloud_authority');
    heard.push(payload ?? '');
  });
});
afterAll(async () => {
  await Promise.all([owner.end(), listener.end()]);
  await test.drop();
});

/** What a transaction announces; what was sent before the listener's next answer has arrived with it. */
async function announcements(...statements: readonly string[]): Promise<readonly string[]> {
  heard = [];
  await owner.query(`begin; ${statements.join('; ')}; commit`);
  await listener.query('select 1');
  return heard.sort();
}

/** The subjects that the rows of a query name. */
type Whose = readonly [kind: string, query: string];
const subjects = async ([kind, query]: Whose): Promise<readonly string[]> =>
  (await owner.query<{ id: string }>(query)).rows.map(({ id }) => `${kind} ${id}`).sort();
const KEYS: Whose = ['key', 'select id from api_keys'];
const USERS: Whose = ['user', 'select id from users'];
const MEMBERS: Whose = ['user', 'select distinct user_id as id from memberships'];
const TENANTS: Whose = ['tenant', 'select id from tenants'];
const FACTORS: Whose = ['user', 'select user_id as id from second_factors'];
const BUILT_IN: Whose = ['user', `select id from users where email = 'system@localhost'`];

// A change of what keys may do names whose
it.each([
  [`update api_keys set revoked_at = null`, KEYS],
  [`update api_keys set expires_at = now() + interval '1 day'`, KEYS],
  [`update api_keys set permissions = '{vpc:read}'`, KEYS],
  [`update api_keys set cidrs = '{10.0.0.0/8}'`, KEYS],
  [`update api_keys set all_tenants = false`, KEYS],
  [
    `insert into memberships (tenant_id, user_id, role) select t.id, u.id, 'viewer' from tenants t, users u where u.email = 'system@localhost'`,
    BUILT_IN,
  ],
  [`update memberships set role = 'admin'`, MEMBERS],
  [`insert into tenant_roles (tenant_id, name) select id, 'watcher' from tenants`, TENANTS],
  [
    `insert into tenant_role_permissions (tenant_id, role_id, permission) select tenant_id, id, 'vpc:read' from tenant_roles where name = 'watcher'`,
    TENANTS,
  ],
  [`delete from tenant_role_permissions`, TENANTS],
  [`delete from tenant_roles`, TENANTS],
  [`update users set role = 'admin'`, USERS],
  [`update users set closed_at = now()`, USERS],
  [`update users set default_tenant_id = null`, USERS],
  [`update tenants set status = 'suspended'`, TENANTS],
  [`update tenants set closed_at = now()`, TENANTS],
  [`update tenants set require_second_factor = true`, TENANTS],
  [`update second_factors set confirmed_at = now()`, FACTORS],
  [`delete from second_factors`, FACTORS],
  [`delete from api_keys`, KEYS],
  [`delete from memberships`, MEMBERS],
] satisfies [string, Whose][])('is announced: %s', async (statement, whose) => {
  const named = await subjects(whose);
  expect(named.length).toBeGreaterThan(0);
  expect(await announcements(statement)).toEqual(named);
});

it('is announced once a transaction for each whom it changes', async () => {
  expect(
    await announcements(
      `update users set role = 'user'`,
      `update users set role = 'admin'`,
      `update users set role = 'user'`,
    ),
  ).toEqual(await subjects(USERS));
});

it.each([
  `insert into api_keys (user_id, key) select id, 'new' from users limit 1`,
  `update api_keys set last_used = now()`,
  `select touch_keys(array(select id from api_keys), now())`,
  `update api_keys set name = 'renamed'`,
  // Nobody remembers what has ended.
  `insert into api_keys (user_id, key, revoked_at) select id, 'ended', now() from users limit 1; delete from api_keys where revoked_at is not null`,
  `insert into api_keys (user_id, key, expires_at) select id, 'past', now() - interval '1 s' from users limit 1; delete from api_keys where expires_at is not null`,
  `update users set name = 'renamed', guesses_until = now()`,
  `select record_guess(id, '192.0.2.1', false, now()) from users where kind = 'person'`,
  `update tenants set name = 'renamed', plan = 'pro'`,
  `update quotas set max = 7`,
  // What is rolled back has not happened.
  `savepoint s; update tenants set closed_at = null; rollback to s`,
])('is not: %s', async (statement) => {
  expect(await announcements(statement)).toEqual([]);
});
