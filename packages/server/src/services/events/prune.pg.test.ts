import { expect, it } from 'vitest';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { pruneEvents } from './prune.ts';
import { parseSnapshot } from './snapshot.ts';
import { positionText, reached } from './position.ts';

const MOST = 2_500;
const { api, owner, database } = await setUpApi({ eventsPerTenant: MOST });

/** So many events of a tenant, one each second until now. */
const insert = (tenantId: string, count: number) =>
  api.owner.query(
    `insert into events (tenant_id, event_type, resource_type, resource_id, created_at)
     select $1::uuid, 'VPC_UPDATE', 'vpc', n, now() - make_interval(secs => $2::int - n) from generate_series(1, $2::int) as n`,
    [tenantId, count],
  );
const countOf = async (tenantId: string): Promise<number> =>
  (await api.owner.query('select count(*)::int as count from events where tenant_id = $1', [tenantId])).rows[0].count;

it('a tenant keeps its newest events up to a number, others theirs, and who follows from before what went is told', async () => {
  const worker = openDatabase({ connectionString: database.workerUrl, min: 0 });
  const neighbour = await api.makeActor();
  await api.call('vpcs.create', { name: uniqueWord() }, neighbour);
  const kept = await countOf(neighbour.tenantId);
  await insert(owner.tenantId, 6_000);
  const { rows } = await api.owner.query(
    'select pg_current_snapshot()::text as seen, max(seq)::text as high from events',
  );
  const from = async (secondsAgo: number, by = owner) => {
    const position = reached(parseSnapshot(rows[0].seen), BigInt(rows[0].high), Date.now() - secondsAgo * 1000);
    const answer = await fetch(`${api.url}/events/stream?after=${encodeURIComponent(positionText(position))}`, {
      headers: { 'x-api-key': by.key },
    });
    const code = answer.ok ? undefined : ((await answer.json()) as { error: { code: string } }).error.code;
    await answer.body?.cancel().catch(() => undefined);
    return code ?? answer.status;
  };
  expect(await from(5_000)).toBe(200);
  expect(await pruneEvents(worker, MOST)).toBeGreaterThan(3_400);
  expect(await countOf(owner.tenantId)).toBe(MOST);
  const { rows: left } = await api.owner.query(
    `select extract(epoch from now() - min(created_at))::int as oldest from events where tenant_id = $1`,
    [owner.tenantId],
  );
  expect(left[0].oldest).toBeLessThan(2_700);
  expect(await countOf(neighbour.tenantId)).toBe(kept);
  expect(await from(5_000)).toBe('EVENTS_EXPIRED');
  expect(await from(1_000)).toBe(200);
  expect(await from(5_000, neighbour)).toBe(200);
  expect(await pruneEvents(worker, MOST)).toBe(0);
  await worker.close();
});
