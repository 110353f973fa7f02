import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { claim, fail, park, settle, wake } from '../../kernel/reconcile-queue.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type Seeded, seedDatabase } from '../../testing/seed.ts';
import { sweep, wakeSweeps } from '../../kernel/sweep.ts';
import { createWorkService } from './index.ts';

let db: Seeded;
let host: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
});
afterAll(() => db.drop());

const all = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);

describe('what is stuck', () => {
  it('is what fails again and again, and what was given up, with the words of the engine', async () => {
    const [fine, failing, given] = [newId(), newId(), newId()];
    for (const id of [fine, failing, given])
      await all((sql) => wake(sql, { kind: 'instance', id, tenantId: null, hostId: null }));
    const claims = await all((sql) => claim(sql, [{ kind: 'instance', slots: 3, after: null }], [], host, 30_000));
    for (const held of claims)
      await all((sql) =>
        held.id === failing
          ? fail(sql, held, 'no room below /srv')
          : settle(sql, held, 1_000, held.id === given ? 'no image in /srv' : undefined),
      );
    await db.owner.query('update reconcile set attempts = 5 where id = $1', [failing]);
    const { stuck } = createWorkService({ tables: () => ({ instance: 'instances', vpc: 'vpcs' }) })
      .handlers as unknown as Record<
      'stuck',
      (call: unknown) => Promise<{ items: readonly { id: string; last_error?: string }[] }>
    >;
    const { items } = await all((sql) => stuck({ sql, input: {} }));
    const said = new Map(items.map((one) => [one.id, one.last_error]));
    expect(said).toEqual(
      new Map([
        [failing, 'no room below /srv'],
        [given, 'no image in /srv'],
      ]),
    );
    // The next look at what was given up changes nothing of it; a wish does.
    await db.owner.query('update reconcile set due_at = now(), ready = false where id = $1', [given]);
    const [again] = await all((sql) => claim(sql, [{ kind: 'instance', slots: 3, after: null }], [], host, 30_000));
    await all((sql) => settle(sql, again!, 1_000, ''));
    expect((await all((sql) => stuck({ sql, input: {} }))).items.map((one) => one.last_error)).toContain(
      'no image in /srv',
    );
    await all((sql) => wake(sql, { kind: 'instance', id: given, tenantId: null, hostId: null }));
    expect((await all((sql) => stuck({ sql, input: {} }))).items.map((one) => one.id)).toEqual([failing]);
  });
});

interface Shown {
  readonly id: string;
  readonly kind: string;
  readonly reason_code?: string;
  readonly reason?: string;
  readonly advice: string;
}
const service = createWorkService({ tables: () => ({ instance: 'instances', vpc: 'vpcs' }) });
const handlers = service.handlers as unknown as Record<
  'stuck' | 'list',
  (call: unknown) => Promise<{ items: readonly Shown[]; nextCursor?: string }>
>;

it('deletions that do not end are listed although no pass fails, with what to do', async () => {
  const { tenantId, userId } = await db.makeTenant();
  const ids = [newId(), newId(), newId()];
  for (const [nth, id] of ids.entries()) {
    await db.owner.query(
      `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, status, status_reason, reason_code, deleted_at)
       values ($1, $2, $3, $4, '10.0.0.0/16', 'n', 'pending', 'the host cannot remove it', $5, now())`,
      [id, userId, tenantId, `v${nth}`, nth < 2 ? 'DELETE_STUCK' : 'DELETE_DELAYED'],
    );
    await all((sql) => wake(sql, { kind: 'vpc', id, tenantId, hostId: null }));
  }
  await db.owner.query(`update reconcile set last_error = 'the engine is away' where id = $1`, [ids[0]]);
  const page = (input: object) => db.operator.transaction({}, (sql) => handlers.stuck({ sql, input }));
  const { items } = await page({});
  const stuck = items.filter(({ kind }) => kind === 'vpc');
  expect(stuck.map(({ id }) => id).sort()).toEqual([ids[0], ids[1]].sort());
  expect(stuck[0]).toMatchObject({
    reason_code: 'DELETE_STUCK',
    reason: 'the host cannot remove it',
    advice: expect.stringContaining('the deletion then ends by itself'),
  });
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const next = await page({ limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...next.items.map(({ id }) => id));
    if (next.nextCursor === undefined) break;
    cursor = next.nextCursor;
  }
  expect(seen).toEqual(items.map(({ id }) => id));
});

it('work is counted by kind: what waits, runs and fails, and when a sweep ran', async () => {
  await db.owner.query('delete from reconcile');
  const make = (kind: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, () => all((sql) => wake(sql, { kind, id: newId(), tenantId: null, hostId: null }))),
    );
  await make('instance', 5);
  await make('vpc', 2);
  await all((sql) => wakeSweeps(sql, [sweep('prune', 60_000, async () => undefined)]));
  const claims = await all((sql) =>
    claim(
      sql,
      [
        { kind: 'instance', slots: 3, after: null },
        { kind: 'sweep:prune', slots: 1, after: null },
      ],
      [],
      host,
      30_000,
    ),
  );
  const [first, second] = claims.filter(({ kind }) => kind === 'instance');
  await all((sql) => fail(sql, first!, 'no room'));
  await all((sql) => park(sql, second!, 'process 7 does not end'));
  await all((sql) => settle(sql, claims.find(({ kind }) => kind === 'sweep:prune')!, 60_000));
  const { items } = await db.operator.transaction({}, (sql) => handlers.list({ sql, input: {} }));
  expect(items).toMatchObject([
    { kind: 'instance', due: 2, running: 1, failing: 2, parked: 1, oldest_due_at: expect.any(String) },
    {
      kind: 'sweep:prune',
      due: 0,
      running: 0,
      failing: 0,
      last_run_at: expect.any(String),
      next_run_at: expect.any(String),
    },
    { kind: 'vpc', due: 2, running: 0, failing: 0 },
  ]);
  expect(items[0]).not.toHaveProperty('last_run_at');
  const stuck = await db.operator.transaction({}, (sql) => handlers.stuck({ sql, input: {} }));
  expect(stuck.items).toMatchObject([
    { id: second!.id, parked_at: expect.any(String), last_error: 'process 7 does not end' },
  ]);
  expect((await db.operator.transaction({}, (sql) => handlers.list({ sql, input: { limit: 1 } }))).items).toHaveLength(
    1,
  );
});
