/** A worker of cron jobs alone, until somebody kills it: `node worker-process.ts <database URL> <origin> <times as fast>`. */
import { systemClock } from '../../packages/server/src/kernel/clock.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import { fireDue } from '../../packages/server/src/services/cron/worker.ts';
import { memoryLog } from '../../packages/server/src/testing/memory-log.ts';

const [, , connectionString, origin, speed] = process.argv;
const database = openDatabase({ connectionString: connectionString!, max: 2, min: 0 });
const clock = {
  ...systemClock,
  now: () => Number(origin) + (Date.now() - Number(origin)) * Number(speed),
};
for (;;) {
  // Its connection may be ended by the test's end.
  await fireDue({ database, clock, log: memoryLog([]) }, new AbortController().signal).catch(() => undefined);
  process.send?.('looked');
  await clock.sleep(20);
}
