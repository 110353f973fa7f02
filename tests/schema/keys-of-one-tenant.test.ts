import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createTestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { migrateUp } from '../../packages/server/src/migrations/migrate.ts';
import { readMigrations } from '../../packages/server/src/migrations/migration-file.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));

it('the migration to keys of one tenant leaves keys that are there their reach, and those with permissions their tenant', async () => {
  const number = (await readMigrations(folder)).find(({ file }) => file.endsWith('_keys_of_one_tenant.sql'))!.version;
  const test = await createTestDatabase({ empty: true });
  try {
    const settings = { connectionString: test.ownerUrl, folder };
    await migrateUp(settings, number - 1);
    const read = await withClient(test.ownerUrl, async (client) => {
      await client.query(`
        with u as (insert into users (email, password_hash, name) values ('m@example.com', 'x', 'x') returning id),
        k as (
          insert into api_keys (user_id, key, kind, permissions, expires_at)
          select id, key, kind, permissions::varchar[], now() + interval '1 day' from u, (values
            ('free', 'api', null), ('limited', 'api', '{vpc:read}'), ('session', 'session', null)) as v (key, kind, permissions)
        ) select`);
      await migrateUp(settings);
      return (await client.query('select key, all_tenants from api_keys order by key')).rows as unknown;
    });
    expect(read).toEqual([
      { key: 'free', all_tenants: true },
      { key: 'limited', all_tenants: false },
      { key: 'session', all_tenants: false },
    ]);
  } finally {
    await test.drop();
  }
});

it('the migration to a permission for logs leaves roles and keys of tenants what they could do, and takes logs from viewers', async () => {
  const number = (await readMigrations(folder)).find(({ file }) => file.endsWith('_log_permission.sql'))!.version;
  const test = await createTestDatabase({ empty: true });
  try {
    const settings = { connectionString: test.ownerUrl, folder };
    await migrateUp(settings, number - 1);
    const read = await withClient(test.ownerUrl, async (client) => {
      await client.query(`
        insert into users (id, email, password_hash, name) values ('00000000-0000-7000-8000-0000000000f1', 'm@example.com', 'x', 'x');
        insert into tenants (id, name, slug, owner_id, account_number) values
          ('00000000-0000-7000-8000-0000000000a1', 't', 't', '00000000-0000-7000-8000-0000000000f1', '300000000001');
        insert into tenant_roles (id, tenant_id, name) values
          ('00000000-0000-7000-8000-0000000000b1', '00000000-0000-7000-8000-0000000000a1', 'reads'),
          ('00000000-0000-7000-8000-0000000000b2', '00000000-0000-7000-8000-0000000000a1', 'does not');
        insert into tenant_role_permissions (role_id, tenant_id, permission) values
          ('00000000-0000-7000-8000-0000000000b1', '00000000-0000-7000-8000-0000000000a1', 'instance:read'),
          ('00000000-0000-7000-8000-0000000000b2', '00000000-0000-7000-8000-0000000000a1', 'vpc:read');
        insert into api_keys (user_id, key, permissions) values
          ('00000000-0000-7000-8000-0000000000f1', 'k1', '{vpc:read,instance:read}'), ('00000000-0000-7000-8000-0000000000f1', 'k2', '{vpc:read}')`);
      await migrateUp(settings);
      const rows = async (text: string) => (await client.query({ text, rowMode: 'array' })).rows as unknown;
      return [
        await rows(
          `select r.name, p.permission from tenant_roles r join tenant_role_permissions p on p.role_id = r.id order by 1, 2`,
        ),
        await rows('select key, permissions from api_keys order by key'),
        await rows(
          `select r.name from roles r join role_permissions p on p.role_id = r.id where permission = 'log:read' order by 1`,
        ),
      ];
    });
    expect(read).toEqual([
      [
        ['does not', 'vpc:read'],
        ['reads', 'instance:read'],
        ['reads', 'log:read'],
      ],
      [
        ['k1', ['vpc:read', 'instance:read', 'log:read']],
        ['k2', ['vpc:read']],
      ],
      [['admin'], ['developer'], ['user']],
    ]);
  } finally {
    await test.drop();
  }
});
