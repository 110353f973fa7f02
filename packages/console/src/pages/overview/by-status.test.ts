import { expect, it } from 'vitest';
import { byStatus } from './by-status.ts';

it('statuses are counted, most first, and equals by name', () => {
  expect(byStatus(['STOPPED', 'RUNNING', 'ERROR', 'RUNNING'])).toEqual([
    ['RUNNING', 2],
    ['ERROR', 1],
    ['STOPPED', 1],
  ]);
  expect(byStatus([])).toEqual([]);
});
