import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/testkit/src/index.ts';
import { fill } from './fill.ts';

let test: TestDatabase;
let owner: pg.Client;
let listener: pg.Client;
let heard = 0;
beforeAll(async () => {
  test = await createTestDatabase();
  await fill(test.ownerUrl, 'a');
  owner = new pg.Client({ connectionString: test.ownerUrl });
  listener = new pg.Client({ connectionString: test.apiUrl });
  await Promise.all([owner.connect(), listener.connect()]);
  await listener.query('listen cloud_authority');
  listener.on('notification', ({ channel, payload }) => {
    expect([channel, payload]).toEqual(['cloud_authority', '']);
    heard++;
  });
});
afterAll(async () => {
  await Promise.all([owner.end(), listener.end()]);
  await test.drop();
});

/** How many announcements a transaction makes; what was sent before the listener's next answer has arrived with it. */
async function announcements(...statements: readonly string[]): Promise<number> {
  heard = 0;
  await owner.query(`begin; ${statements.join('; ')}; commit`);
  await listener.query('select 1');
  return heard;
}

// A change of what keys may do
it.each([
  `update api_keys set revoked_at = now()`,
  `update api_keys set expires_at = now()`,
  `insert into memberships (tenant_id, user_id, role) select t.id, u.id, 'viewer' from tenants t, users u where u.email = 'system@localhost'`,
  `update memberships set role = 'admin'`,
  `insert into tenant_roles (tenant_id, name) select id, 'watcher' from tenants`,
  `insert into tenant_role_permissions (tenant_id, role_id, permission) select tenant_id, id, 'vpc:read' from tenant_roles`,
  `delete from tenant_role_permissions`,
  `delete from tenant_roles`,
  `update users set role = 'admin'`,
  `update users set closed_at = now()`,
  `update users set default_tenant_id = null`,
  `update tenants set status = 'suspended'`,
  `update tenants set closed_at = now()`,
  `delete from api_keys`,
  `delete from memberships`,
])('is announced: %s', async (statement) => {
  expect(await announcements(statement)).toBe(1);
});

it('is announced once a transaction, whatever it changes', async () => {
  expect(
    await announcements(
      `update users set role = 'user'`,
      `update tenants set status = 'active'`,
      `update users set role = 'admin'`,
    ),
  ).toBe(1);
});

it.each([
  `insert into api_keys (user_id, key) select id, 'new' from users limit 1`,
  `update api_keys set last_used = now()`,
  `select touch_keys(array(select id from api_keys), now())`,
  `update api_keys set name = 'renamed'`,
  `update users set name = 'renamed', failed_logins = 3, locked_until = now()`,
  `select record_login(id, false, now()) from users where kind = 'person'`,
  `update tenants set name = 'renamed', plan = 'pro'`,
  `update quotas set max = 7`,
  // What is rolled back has not happened.
  `savepoint s; update tenants set closed_at = null; rollback to s`,
])('is not: %s', async (statement) => {
  expect(await announcements(statement)).toBe(0);
});
