import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { migrateUp } from '../../packages/server/src/migrations/migrate.ts';
import { hostNameOf } from '../../packages/server/src/services/vpcs/index.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
const FIRST = 'first';
const SECOND = 'second';

/** Name, VPC, whether it is being deleted; the oldest first. */
const INSTANCES: readonly (readonly [name: string, vpc: string, deleted?: true])[] = [
  ['web', FIRST, true],
  ['Web', FIRST],
  ['WEB', FIRST],
  ['web', SECOND],
  ['a_b', FIRST],
  ['a-b', FIRST],
  ['Büro_2', FIRST],
  ['we\u0301b\u20dd', SECOND],
  ['Straße', FIRST],
  ['ﬁle', FIRST],
  ['İzmir', FIRST],
  ['服务器-x', FIRST],
  ['服务器', FIRST],
  ['42', FIRST],
  ['x'.repeat(64), FIRST],
  [`${'y'.repeat(62)}_z`, FIRST],
  ['localhost', FIRST],
];
const SHARED = ['WEB', 'a-b', 'localhost', 'we\u0301b\u20dd'];

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ empty: true });
});
afterAll(() => test.drop());

const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
  withClient(test.ownerUrl, async (client) => (await client.query<Row>(text, values)).rows);

describe('the migration to host names', () => {
  it('gives each instance the host name of its name, and tells those apart that share one', async () => {
    const settings = { connectionString: test.ownerUrl, folder };
    await migrateUp(settings, 13);
    await query(`
      insert into users (id, email, password_hash, name) values ('00000000-0000-7000-8000-0000000000f1', 'm@example.com', 'x', 'x');
      insert into tenants (id, name, slug, owner_id, account_number) values
        ('00000000-0000-7000-8000-0000000000a1', 't', 't', '00000000-0000-7000-8000-0000000000f1', '300000000001');
      insert into vpcs (user_id, tenant_id, name, cidr_block, network_id)
        select '00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-0000000000a1', name, '10.0.0.0/16', name
        from (values ('${FIRST}'), ('${SECOND}')) as vpc(name)`);
    for (const [index, [name, vpc, deleted = false]] of INSTANCES.entries())
      await query(
        `with made as (
           insert into instances (user_id, tenant_id, name, image, status, vpc_id, deleted_at)
           select v.user_id, v.tenant_id, $1, 'i', 'RUNNING', v.id, case when $4::boolean then now() end from vpcs v where v.name = $2
           returning id, tenant_id, vpc_id, name)
         insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, name, address, mac, created_at)
         select tenant_id, vpc_id, 'instance', id, name, '10.0.0.2'::inet + $3::int,
           ('0200000000' || lpad(to_hex($3::int), 2, '0'))::macaddr, now() + make_interval(secs => $3::int)
         from made`,
        [name, vpc, index, deleted],
      );
    await migrateUp(settings);
    const rows = await query<{
      id: string;
      name: string;
      vpc: string;
      deleted: boolean;
      own: string;
      inside: string | null;
    }>(
      `select i.id, i.name, v.name as vpc, i.deleted_at is not null as deleted, i.host_name as own, n.host_name as inside
       from instances i join network_interfaces n on n.owner_id = i.id join vpcs v on v.id = i.vpc_id order by n.created_at`,
    );
    expect(rows).toHaveLength(INSTANCES.length);
    for (const { id, name, vpc, deleted, own, inside } of rows) {
      const derived = hostNameOf(name, id);
      const shared = SHARED.includes(name) && !deleted;
      const tail = id.replaceAll('-', '').slice(-12);
      expect(own, `${name} in ${vpc}`).toBe(shared ? `${derived}-${tail}` : derived);
      expect(inside, `${name} in ${vpc}`).toBe(deleted ? null : own);
    }
  });
});
