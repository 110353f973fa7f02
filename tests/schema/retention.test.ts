import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';
import { fill } from './fill.ts';

// What pruning asks of the schema: a worker may remove what has had its time, by an index, and nothing before.

let test: TestDatabase;
let tenant: string;
beforeAll(async () => {
  test = await createTestDatabase();
  tenant = await fill(test.ownerUrl, 'a');
});
afterAll(() => test.drop());

const asOwner = <T>(work: (client: pg.Client) => Promise<T>) => withClient(test.ownerUrl, work);
const asWorker = <T>(work: (client: pg.Client) => Promise<T>) =>
  withClient(test.workerUrl, async (client) => {
    await client.query(`set cloud.tenant_id = '*'`);
    return work(client);
  });

const PRUNE = {
  api_keys: `delete from api_keys where id in (
    select id from api_keys where least(revoked_at, expires_at) < now() - interval '30 days' limit 1000)`,
  idempotency_keys: `delete from idempotency_keys where (tenant_id, operation, key) in (
    select tenant_id, operation, key from idempotency_keys where expires_at < now() limit 1000)`,
  stream_tickets: `delete from stream_tickets where ticket_hash in (
    select ticket_hash from stream_tickets where expires_at < now() limit 1000)`,
  events: `delete from events where id in (
    select id from events where created_at < now() - interval '30 days' order by created_at limit 1000)`,
  audit_logs: `delete from audit_logs where id in (
    select id from audit_logs where created_at < now() - interval '365 days' order by created_at limit 1000)`,
} as const;

it.each(Object.entries(PRUNE))('%s: what is old is found by an index', async (table, statement) => {
  await asWorker(async (client) => {
    await client.query('set enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${statement}`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toMatch(new RegExp(`idx_${table}_(ended|expires_at|created_at)`));
  });
});

it('removes keys that ended long ago, in whichever way, and no other', async () => {
  await asOwner((client) =>
    client.query(
      `insert into api_keys (user_id, tenant_id, key, kind, revoked_at, expires_at)
       select owner_id, id, word, 'session', now() - revoked::interval, now() - expired::interval
       from tenants cross join (values ('revoked long ago', '31 days', null), ('expired long ago', null, '31 days'),
         ('revoked long ago, to expire', '31 days', '-1 day'), ('revoked lately', '29 days', null), ('expired lately', null, '29 days'),
         ('live', null, '-1 day')) as k(word, revoked, expired) where slug = 'rls-a'`,
    ),
  );
  await asWorker((client) => client.query(PRUNE.api_keys));
  const left = await asOwner((client) => client.query(`select key from api_keys where kind = 'session' order by key`));
  expect(left.rows.map((row) => row.key)).toEqual(['expired lately', 'live', 'revoked lately']);
});

it('removes events that are old, and tickets and idempotency keys that have expired', async () => {
  await asOwner((client) =>
    client.query(`update events set created_at = now() - interval '31 days';
      update stream_tickets set expires_at = now() - interval '1 second'; update idempotency_keys set expires_at = now() - interval '1 second'`),
  );
  for (const table of ['events', 'stream_tickets', 'idempotency_keys'] as const)
    expect((await asWorker((client) => client.query(PRUNE[table]))).rowCount, table).toBe(1);
});

it('keeps audit rows and leaves, however old, until the checkpoint that covers them is archived', async () => {
  await asOwner(async (client) => {
    const { rows } = await client.query<{ xid: string }>(
      `insert into audit_logs (user_id, tenant_id, action, resource_type, created_at)
       select owner_id, id, 'old', 'x', now() - interval '400 days' from tenants, generate_series(1, 4) where id = $1 returning xid`,
      [tenant],
    );
    const xid = BigInt(rows[0]!.xid);
    await client.query(`insert into audit_keys (version, public_key) values (9, 'k') on conflict do nothing`);
    await client.query(
      `insert into audit_checkpoints (number, from_xid, to_xid, root, previous_hash, hash, key_version, signature, created_at)
       values (100, $1::xid8, $2::xid8, '0', '0', '0', 9, 's', now())`,
      [String(xid), String(xid + 1n)],
    );
    await client.query(
      `insert into audit_entries (tenant_id, number, checkpoint_number, row_count, root, previous_hash, hash, path) values ($1, 100, 100, 4, '0', '0', '0', '{}')`,
      [tenant],
    );
    await client.query(
      `insert into audit_leaves (tenant_id, number, checkpoint_number, leaves) values ($1, 100, 100, '')`,
      [tenant],
    );
  });
  const prune = (statement: string) => asWorker(async (client) => (await client.query(statement)).rowCount);
  expect(await prune(PRUNE.audit_logs)).toBe(0);
  expect(await prune('delete from audit_leaves where number = 100')).toBe(0);
  await asOwner((client) => client.query('update audit_checkpoints set archived_at = now() where number = 100'));
  expect(await prune(PRUNE.audit_logs)).toBe(4);
  expect(await prune('delete from audit_leaves where number = 100')).toBe(1);
  // In no checkpoint: a statement that forgets to ask removes nothing.
  expect(await prune(`delete from audit_logs where action = 'vpc.create'`)).toBe(0);
});

it('stops every role, the owner included, from changing or emptying the audit trail, and from choosing the order of its rows', async () => {
  const refused = { code: '42501' };
  const changes = [
    `update audit_logs set action = 'x'`,
    'update audit_logs set outcome = outcome where false',
    'truncate audit_logs',
  ];
  const chain = [
    'update audit_checkpoints set root = root',
    'delete from audit_checkpoints',
    'update audit_entries set root = root',
    'delete from audit_entries',
    'update audit_leaves set leaves = leaves',
    'update audit_keys set public_key = public_key',
    'delete from audit_keys',
    'truncate audit_checkpoints, audit_entries, audit_leaves',
    'insert into audit_logs (user_id, action, resource_type, seq) overriding system value select id, 1, 1, 1 from users',
    `insert into audit_logs (user_id, action, resource_type, xid) select id, 'x', 'x', '1' from users`,
    `insert into audit_logs (user_id, action, resource_type, created_at) select id, 'x', 'x', now() from users`,
  ];
  for (const statement of changes)
    await expect(
      asOwner((client) => client.query(statement)),
      `owner: ${statement}`,
    ).rejects.toMatchObject(refused);
  for (const url of [test.apiUrl, test.workerUrl, test.operatorUrl, test.dataUrl])
    for (const statement of [...changes, ...chain])
      await expect(
        withClient(url, (client) => client.query(statement)),
        `${url}: ${statement}`,
      ).rejects.toMatchObject(refused);
  for (const url of [test.apiUrl, test.operatorUrl, test.dataUrl])
    await expect(withClient(url, (client) => client.query('delete from audit_logs'))).rejects.toMatchObject(refused);
});
