import { expect, it } from 'vitest';
import { partsOf } from './health-parts.ts';

it('shows what is down first, with its reason and the way out', () => {
  const parts = partsOf({ database_primary: 'UP', worker: 'DOWN: no worker has reported for 40 s', clock: 'DOWN' });
  expect(parts.map(({ title, isUp, reason }) => [title, isUp, reason])).toEqual([
    ['Worker', false, 'No worker has reported for 40 s'],
    ['clock', false, undefined],
    ['Database', true, undefined],
  ]);
  for (const { wayOut } of parts) expect(wayOut).toMatch(/cloud doctor/);
});
