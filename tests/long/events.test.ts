import { expect, it } from 'vitest';
import { checkEvents } from '../../packages/server/src/testing/event-checker.ts';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';

const MINUTES = 10;

it(`for ${MINUTES} minutes no event is missed, sent twice, out of order, or shown to others`, async () => {
  const { api, database } = await setUpApi();
  const until = performance.now() + MINUTES * 60_000;
  let committed = 0;
  while (performance.now() < until) {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const checked = await checkEvents({ api, urls: database, seed, transactions: 300 });
    committed += checked.committed;
    expect(checked.kills).toBeGreaterThan(5);
  }
  console.log(`${committed} events`);
});
