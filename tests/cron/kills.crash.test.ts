import { expect, it } from 'vitest';
import { killWorkers } from './kills.ts';

it('each tick of a cron job runs once while workers are killed', { timeout: 60_000 }, async () => {
  expect((await killWorkers(6)).kills).toBeGreaterThan(0);
});
