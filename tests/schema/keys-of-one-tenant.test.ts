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
