import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../../packages/server/src/kernel/ids.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import { createPgFifoMessages } from '../../packages/server/src/services/queues/fifo-messages.pg.ts';
import type { QueueRow } from '../../packages/server/src/services/queues/queue.ts';
import { makeFifoQueue, newMessage, newRequest } from '../../packages/server/src/services/queues/testing/fifo-world.ts';
import { type Seeded, seedDatabase } from '../../packages/server/src/testing/seed.ts';
import { withClient } from '../../packages/testkit/src/index.ts';
import { createRandom } from '../crash/actor.ts';
import { checkHistory } from './checker.ts';
import { createHistory, type Outcome } from './history.ts';

const MS = Number(process.env.CLOUD_FIFO_MS ?? 3_000);
const SEED = Number(process.env.CLOUD_FIFO_SEED ?? Math.floor(Math.random() * 1e9));
const GROUPS = 5;
const VISIBILITY_S = 1;

let seeded: Seeded;
beforeAll(async () => {
  seeded = await seedDatabase();
});
afterAll(() => seeded?.drop());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it(
  `keeps groups in order, each with one receiver, and deletions final, while backends are killed (seed ${SEED})`,
  async () => {
    const below = createRandom(SEED);
    const random = () => below(1000) / 1000;
    const tenant = await seeded.makeTenant();
    const queue = await makeFifoQueue(seeded, tenant);
    const history = createHistory();
    // Two processes.
    const pools = [1, 2].map(() => openDatabase({ connectionString: seeded.test.dataUrl, max: 6, min: 0 }));
    const repositories = pools.map(createPgFifoMessages);
    const pick = () => repositories[below(repositories.length)]!;
    const end = performance.now() + MS;
    let call = 0;
    let lostAnswers = 0;

    /** Runs a call; undefined if its answer was lost with its connection. */
    async function attempt<T>(
      work: () => Promise<T>,
    ): Promise<{ begun: number; ended: number; answer: T | undefined }> {
      const begun = performance.now();
      const answer = await work().catch((error: { code?: string; message: string }) => {
        if (!/^(57P01|ECONNRESET|EPIPE)$/.test(`${error.code}`) && !/terminated/.test(error.message)) throw error;
        lostAnswers++;
        return undefined;
      });
      return { begun, ended: performance.now(), answer };
    }

    async function produce(): Promise<void> {
      while (performance.now() < end) {
        const batch = Array.from({ length: 1 + below(4) }, () => newMessage(`g${below(GROUPS)}`, newId()));
        // As often as it takes: the deduplication id stays.
        for (let isDone = false; !isDone; ) {
          const { begun, ended, answer } = await attempt(() => pick().send(queue, batch));
          isDone = answer !== undefined;
          for (const [place, message] of batch.entries())
            history.sendings.push({
              begun,
              ended,
              place,
              body: message.body,
              outcome: answer ? 'done' : 'unknown',
              messageId: answer?.[place]!.id,
              group: message.groupId!,
              deduplicationId: message.deduplicationId!,
              ...(answer ? { sequence: BigInt(answer[place]!.sequence!) } : {}),
            });
        }
        await pause(below(20));
      }
    }

    /** Until nothing is left; in the end without accidents. */
    async function consume(): Promise<void> {
      for (let isEmpty = false; !isEmpty; ) {
        const isOver = performance.now() >= end;
        const request = newRequest(queue, [{ max: 1 + below(10), visibilitySeconds: VISIBILITY_S }]);
        const { begun, ended, answer } = await attempt(() => pick().take(request));
        const rows = answer?.messages[0] ?? [];
        const mine = ++call;
        for (const [place, row] of rows.entries())
          history.deliveries.push({
            begun,
            ended,
            call: mine,
            place,
            messageId: row.id,
            body: row.body,
            handle: row.receipt_handle!,
            visibilityMs: VISIBILITY_S * 1000,
            count: row.received_count,
            group: row.group_id!,
            sequence: BigInt(row.sequence_number!),
          });
        // One who dies, one who is slow, one who gives up in the middle.
        const fate = isOver ? 1 : random();
        const kept = fate < 0.05 ? 0 : fate < 0.1 ? below(rows.length + 1) : rows.length;
        if (fate >= 0.1 && fate < 0.13) await pause(VISIBILITY_S * 1000 - 30 + below(60));
        for (const row of rows.slice(0, kept)) {
          const held = { queue, messageId: row.id, handle: row.receipt_handle! };
          if (!isOver && random() < 0.05) {
            const seconds = below(3);
            const change = await attempt(() => pick().extend([{ ...held, seconds }]));
            const until = change.answer?.until[0];
            const outcome: Outcome = change.answer ? (until ? 'done' : 'refused') : 'unknown';
            history.changes.push({ ...change, handle: held.handle, outcome, visibilityMs: seconds * 1000 });
            continue;
          }
          const deletion = await attempt(() => pick().delete([held]));
          const outcome: Outcome = deletion.answer ? (deletion.answer.deleted[0] ? 'done' : 'refused') : 'unknown';
          history.deletions.push({ ...deletion, handle: held.handle, outcome, strict: true });
        }
        if (rows.length === 0) await pause(10);
        isEmpty = isOver && rows.length === 0 && (await left(queue)).size === 0;
      }
    }

    const killing = withClient(seeded.test.dataUrl, async (client) => {
      while (performance.now() < end) {
        await pause(40 + below(80));
        const { rows } = await client.query<{ pid: number }>(
          `select pid from pg_stat_activity where datname = current_database() and usename = 'cloud_data' and pid <> pg_backend_pid() order by pid`,
        );
        if (rows.length > 0) await client.query('select pg_terminate_backend($1)', [rows[below(rows.length)]!.pid]);
      }
    });
    await Promise.all([killing, ...[1, 2, 3].map(produce), ...[1, 2, 3, 4, 5, 6].map(consume)]);
    for (const pool of pools) await pool.close();

    expect(checkHistory(history, await left(queue)).slice(0, 5)).toEqual([]);
    expect(history.sendings.length).toBeGreaterThan(100);
    expect(history.deletions.filter(({ outcome }) => outcome === 'done').length).toBeGreaterThan(100);
    expect(lostAnswers).toBeGreaterThan(3);
    if (process.env.CLOUD_FIFO_MS) {
      const { sendings, deliveries, deletions, changes } = history;
      console.log({
        lostAnswers,
        sent: sendings.length,
        delivered: deliveries.length,
        deleted: deletions.length,
        changes: changes.length,
      });
    }
  },
  MS + 60_000,
);

async function left(queue: QueueRow): Promise<ReadonlySet<string>> {
  const { rows } = await seeded.owner.query<{ id: string }>('select id from queue_messages where queue_id = $1', [
    queue.id,
  ]);
  return new Set(rows.map((row) => row.id));
}
