import { expect, it } from 'vitest';
import { killWorkers } from '../cron/kills.ts';

it('each tick of a cron job runs once while workers are killed for five minutes', { timeout: 600_000 }, async () => {
  expect((await killWorkers(300)).kills).toBeGreaterThan(100);
});
