import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { insertQueue } from '../services/queues/testing/queue-world.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { prune, RETENTIONS } from './retention.ts';
import type { Database } from './sql/pool.ts';

let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const count = async (text: string): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`)).rows[0]!.count);
/** So many keys, each an hour old or an hour to live. */
const insertKeys = (wanted: number, interval: string, who = tenant) =>
  db.owner.query(
    `insert into idempotency_keys (tenant_id, operation, key, request_hash, resource_id, expires_at)
     select $1::uuid, 'o', $2 || i, 'h', gen_random_uuid(), now() + $3::interval from generate_series(1, $4) as i`,
    [who.tenantId, uniqueWord(), interval, wanted],
  );
/** A database that counts its transactions. */
const counting = (): { database: Database; transactions: () => number } => {
  let transactions = 0;
  const transaction: Database['transaction'] = (...given) => {
    transactions++;
    return db.worker.transaction(...given);
  };
  return { database: { ...db.worker, transaction }, transactions: () => transactions };
};

it('what somebody holds of shared rows waits for the next run', async () => {
  const rows = [
    {
      table: 'queue_deduplications',
      key: 'queue_id, deduplication_id, group_id',
      over: 'sent_at < now()',
      isShared: true,
    },
  ];
  const queueId = await insertQueue(db.owner, tenant, { fifo: true });
  await db.owner.query(
    `insert into queue_deduplications (tenant_id, queue_id, deduplication_id, group_id, message_id, sequence_number, sent_at)
     select $1, $2, n::text, '', gen_random_uuid(), n, now() - interval '1 hour' from generate_series(1, 5) as n`,
    [tenant.tenantId, queueId],
  );
  const holder = await db.owner.connect();
  await holder.query('begin');
  await holder.query(`select from queue_deduplications where queue_id = $1 and deduplication_id = '3' for update`, [
    queueId,
  ]);
  expect(await prune(db.worker, rows)).toBe(4);
  await holder.query('rollback');
  holder.release();
  expect(await prune(db.worker, rows)).toBe(1);
});

it('what is past its time goes, of every tenant, and nothing else', async () => {
  await insertKeys(3, '-1 hour');
  await insertKeys(2, '-1 hour', await db.makeTenant());
  await insertKeys(4, '1 hour');
  await db.owner.query(
    `insert into stream_tickets (ticket_hash, tenant_id, user_id, key_id, permissions, operation, spec, expires_at)
     select 'h' || i, $1, $2, $2, '{}', 'o', '{}', now() + make_interval(mins => i) from generate_series(-2, 2) as i where i <> 0`,
    [tenant.tenantId, tenant.userId],
  );
  expect(await prune(db.worker, RETENTIONS)).toBe(5 + 2);
  expect([await count('idempotency_keys'), await count('stream_tickets')]).toEqual([4, 2]);
  expect(await prune(db.worker, RETENTIONS)).toBe(0);
});

it('many rows go in short transactions, a thousand at a time', async () => {
  await insertKeys(2_500, '-1 hour');
  const { database, transactions } = counting();
  expect(await prune(database, RETENTIONS.slice(1, 2))).toBe(2_500);
  expect(transactions()).toBe(3);
});

it('a service says by data what else goes', async () => {
  await db.owner.query(
    `insert into tenant_roles (tenant_id, name, description) values ($1, 'old', 'gone'), ($1, 'new', null)`,
    [tenant.tenantId],
  );
  expect(await prune(db.worker, [{ table: 'tenant_roles', key: 'id', over: `description = 'gone'` }])).toBe(1);
  expect(await count(`tenant_roles where name in ('old', 'new')`)).toBe(1);
});

it('what fails is told, and what went before it is gone', async () => {
  await insertKeys(1, '-1 hour');
  const broken = [...RETENTIONS, { table: 'no_such_table', key: 'id', over: 'true' }];
  await expect(prune(db.worker, broken)).rejects.toThrow(/no_such_table/);
  expect(await count('idempotency_keys where expires_at < now()')).toBe(0);
});
