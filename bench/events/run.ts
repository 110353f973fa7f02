/** How long after its commit does an event reach a client? Milliseconds, with one stream and with 32, under 16 writers. Target: p99 below 100 ms. */
import pg from 'pg';
import { recordEvent } from '../../packages/server/src/kernel/audit.ts';
import { newId } from '../../packages/server/src/kernel/ids.ts';
import type { Sql } from '../../packages/server/src/kernel/sql/tx.ts';
import { type Actor, startTestApi } from '../../packages/server/src/testing/test-api.ts';
import { followEvents, createClient } from '../../packages/sdk/src/index.ts';
import { startDurableDatabase } from '../durable-database.ts';
import { median, ms, quantile, record } from '../measure.ts';

const WRITERS = 16;
const EVENTS = 2_000;
/** Milliseconds between two events of a writer: some 300 events a second in all. */
const PAUSE_MS = 50;
const SPEC = { name: 'events.stream', method: 'GET', path: '/events/stream', answer: 'events' } as const;

const { url, database, stop } = await startDurableDatabase();
const api = await startTestApi({ database });

/** Commits events as the platform does; remembers when each commit was answered. */
async function write(tenantId: string, committed: Map<string, number>): Promise<void> {
  const client = new pg.Client({ connectionString: url('cloud_worker') });
  await client.connect();
  const sql: Sql = { query: async (_, text, values) => (await client.query(text, values as unknown[])).rows };
  for (let nth = 0; nth < EVENTS / WRITERS; nth++) {
    const id = newId();
    await client.query(`begin; set local cloud.tenant_id = '${tenantId}'`);
    const event = { id, tenantId, actor: 'system:bench', type: 'VPC_ACTIVE', resourceType: 'vpc', resourceId: newId() };
    await recordEvent(sql, event);
    await client.query('commit');
    committed.set(id, performance.now());
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await client.end();
}

async function measure(streams: number): Promise<void> {
  const owner = await api.makeActor();
  const committed = new Map<string, number>();
  const arrived: { readonly id: string; readonly at: number }[] = [];
  const ending = new AbortController();
  const readers: Actor[] = [owner];
  for (let n = 1; n < streams / 8; n++) readers.push(await api.makeMember(owner.tenantId, 'owner'));
  const following = Array.from({ length: streams }, async (_, n) => {
    const { transport } = createClient({ endpoint: api.url, apiKey: readers[Math.floor(n / 8)]!.key });
    try {
      for await (const { data } of followEvents<{ id: string }>(transport, SPEC, {}, { signal: ending.signal }))
        arrived.push({ id: data.id, at: performance.now() });
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    }
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await Promise.all(Array.from({ length: WRITERS }, () => write(owner.tenantId, committed)));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  ending.abort(new Error('measured'));
  await Promise.all(following);
  // A client may hear of a commit before the writer does.
  const times = arrived.map(({ id, at }) => Math.max(0, at - committed.get(id)!));
  const expected = committed.size * streams;
  if (arrived.length !== expected) throw new Error(`${arrived.length} of ${expected} events arrived`);
  await record(
    'events',
    `${streams} streams, ${WRITERS} writers: commit to client p50 ${ms(median(times))}, p99 ${ms(quantile(times, 0.99))}, longest ${ms(Math.max(...times))}`,
  );
}

try {
  await measure(1);
  await measure(32);
} finally {
  await api.stop();
  await stop();
}
