import type { Seeded, Tenant } from '../../../testing/seed.ts';
import { newId } from '../../../kernel/ids.ts';
import { uniqueWord } from '../../../testing/test-api.ts';

/** A queue by SQL; `more` sets columns. Its id. */
export async function insertQueue(
  owner: Seeded['owner'],
  { userId, tenantId }: Tenant,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const id = newId();
  const fifo = more['fifo'] === true;
  const columns = { name: `q-${uniqueWord()}${fifo ? '.fifo' : ''}`, arn: 'arn', ...more };
  await owner.query(
    `insert into queues (id, user_id, tenant_id, ${Object.keys(columns).join(', ')})
     values ($1, $2, $3, ${Object.keys(columns)
       .map((_, index) => `$${index + 4}`)
       .join(', ')})`,
    [id, userId, tenantId, ...Object.values(columns)],
  );
  return id;
}

/** Messages by SQL, `count` of them in one statement. `more` sets columns by SQL expressions, which may use `n`, from 1 on. */
export async function insertMessages(
  owner: Seeded['owner'],
  tenantId: string,
  queueId: string,
  count: number,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const columns = { body: `'m' || n`, size: '2', visible_after: 'now()', ...more };
  await owner.query(
    `insert into queue_messages (id, tenant_id, queue_id, ${Object.keys(columns).join(', ')})
     select gen_random_uuid(), $1, $2, ${Object.values(columns).join(', ')} from generate_series(1, $3) as n`,
    [tenantId, queueId, count],
  );
}

export async function countMessages(owner: Seeded['owner'], queueId: string): Promise<number> {
  const { rows } = await owner.query<{ count: number }>(
    'select count(*)::int as count from queue_messages where queue_id = $1',
    [queueId],
  );
  return rows[0]!.count;
}
