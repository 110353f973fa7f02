import { afterAll, beforeAll, expect, it } from 'vitest';
import { createQuietNotifier, eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { memoryLog, uniqueWord } from '../testing/test-api.ts';
import { systemClock } from './clock.ts';
import { createMetrics } from './metrics.ts';
import { startReconcilers } from './reconcile.ts';
import { sweep, wakeSweeps } from './sweep.ts';

let db: Seeded;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());

it('a sweep comes back in its time, is run by one worker of several, and stays on no host', async () => {
  const name = uniqueWord();
  let atOnce = 0;
  let most = 0;
  let runs = 0;
  const made = sweep(name, 50, async () => {
    most = Math.max(most, ++atOnce);
    await systemClock.sleep(20);
    atOnce--;
    runs++;
  });
  await db.worker.transaction({ tenantId: '*' }, (sql) => wakeSweeps(sql, [made]));
  const start = async () =>
    startReconcilers([made], {
      database: db.worker,
      notifier: createQuietNotifier(),
      clock: systemClock,
      log: memoryLog([]),
      metrics: createMetrics(),
      hostId: await db.makeHost(),
      random: () => 0.5,
    });
  const workers = [await start(), await start(), await start()];
  try {
    await eventually('three runs', () => runs >= 3);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop(1_000)));
  }
  expect(most).toBe(1);
  const { rows } = await db.owner.query('select host_id from reconcile where kind = $1', [made.kind]);
  expect(rows).toEqual([{ host_id: null }]);
});
