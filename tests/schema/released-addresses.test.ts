import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { migrateUp } from '../../packages/server/src/migrations/migrate.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ empty: true });
});
afterAll(() => test.drop());

const query = <Row extends pg.QueryResultRow>(text: string) =>
  withClient(test.ownerUrl, async (client) => (await client.query<Row>(text)).rows);

describe('the migration to released addresses', () => {
  it('leaves what is in use and releases what is free below it', async () => {
    const settings = { connectionString: test.ownerUrl, folder };
    await migrateUp(settings, 12);
    await query(`
      insert into users (id, email, password_hash, name) values ('00000000-0000-7000-8000-0000000000f1', 'm@example.com', 'x', 'x');
      insert into tenants (id, name, slug, owner_id, account_number) values
        ('00000000-0000-7000-8000-0000000000a1', 't', 't', '00000000-0000-7000-8000-0000000000f1', '300000000001');
      insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id)
        select id, '00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1', cidr, cidr, 'n'
        from (values ('00000000-0000-7000-8000-0000000000c1'::uuid, '10.0.0.16/28'), ('00000000-0000-7000-8000-0000000000c2', '10.0.0.0/16'))
          as vpc(id, cidr);
      insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, name, address, mac)
        select '00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000c1', 'instance', gen_random_uuid(), 'x', address, mac
        from (values ('10.0.0.18'::inet, '02:11:11:11:11:11'::macaddr), ('10.0.0.21', '02:22:22:22:22:22')) as used(address, mac)`);
    await migrateUp(settings);
    expect(
      await query('select host(address) as address, mac, vpc_id from released_addresses order by address'),
    ).toEqual(
      ['10.0.0.19', '10.0.0.20'].map((address) => ({
        address,
        mac: null,
        vpc_id: '00000000-0000-7000-8000-0000000000c1',
      })),
    );
    expect(await query('select mac::text from network_interfaces order by address')).toEqual([
      { mac: '02:11:11:11:11:11' },
      { mac: '02:22:22:22:22:22' },
    ]);
  });
});
