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

describe('the migration to codes and network interfaces', () => {
  it('takes over what was there: addresses, machines that were made, reasons', async () => {
    const settings = { connectionString: test.ownerUrl, folder };
    await migrateUp(settings, 10);
    await query(`
      insert into users (id, email, password_hash, name) values ('00000000-0000-7000-8000-0000000000f1', 'm@example.com', 'x', 'x');
      insert into tenants (id, name, slug, owner_id, account_number) values
        ('00000000-0000-7000-8000-0000000000a1', 't', 't', '00000000-0000-7000-8000-0000000000f1', '300000000001');
      insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, status, status_reason) values
        ('00000000-0000-7000-8000-0000000000c1', '00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1',
         'v', '10.0.0.0/16', 'n', 'pending', 'no tools');
      insert into instances (user_id, tenant_id, name, image, status, status_reason, started_at, deleted_at, vpc_id, private_ip, mac) values
        ('00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1', 'Runs', 'i', 'RUNNING', null, now(), null,
         '00000000-0000-7000-8000-0000000000c1', '10.0.0.2', '02:00:00:00:00:02'),
        ('00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1', 'going', 'i', 'STOPPED', null, null, now(),
         '00000000-0000-7000-8000-0000000000c1', '10.0.0.3', '02:00:00:00:00:03'),
        ('00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1', 'rests', 'i', 'STARTING', 'it rests', now(), null,
         null, null, null),
        ('00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1', 'waits', 'i', 'STARTING', 'it waits', null, null,
         null, null, null)`);
    await migrateUp(settings);
    expect(
      await query(`select n.name, n.vpc_id, n.owner_kind, host(n.address) as address, n.mac::text, n.tenant_id = i.tenant_id as tenants
                   from network_interfaces n join instances i on i.id = n.owner_id order by address`),
    ).toEqual([
      {
        name: 'Runs',
        vpc_id: '00000000-0000-7000-8000-0000000000c1',
        owner_kind: 'instance',
        address: '10.0.0.2',
        mac: '02:00:00:00:00:02',
        tenants: true,
      },
      expect.objectContaining({ name: 'going', address: '10.0.0.3' }),
    ]);
    expect(await query('select name, phase, reason_code from instances order by lower(name)')).toEqual([
      { name: 'going', phase: 'made', reason_code: null },
      { name: 'rests', phase: 'made', reason_code: 'ENGINE_FAILED' },
      { name: 'Runs', phase: 'made', reason_code: null },
      { name: 'waits', phase: 'making', reason_code: 'ENGINE_FAILED' },
    ]);
    expect(await query('select reason_code from vpcs')).toEqual([{ reason_code: 'ENGINE_FAILED' }]);
  });
});
