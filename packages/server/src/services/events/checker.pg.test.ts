import { expect, it } from 'vitest';
import { checkEvents } from '../../testing/event-checker.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

const { api, database } = await setUpApi();

it('16 writers, clients that are cut off and a database that ends connections: nothing missed, twice, out of order or shown to others', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const checked = await checkEvents({ api, urls: database, seed, transactions: 60 });
  console.log(`seed ${seed}: ${JSON.stringify(checked)}`);
  expect(checked.committed).toBeGreaterThan(500);
  expect(checked.cuts).toBeGreaterThan(10);
  expect(checked.kills).toBeGreaterThan(2);
}, 60_000);
