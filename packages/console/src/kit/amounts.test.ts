import { expect, test } from 'vitest';
import { shownAmount } from './amounts.ts';

test.each([
  [0, 'bytes', '0 B'],
  [1536, 'bytes', '1.5 KB'],
  [512, 'MB', '512 MB'],
  [1536, 'MB', '1.5 GB'],
  [2048, 'GB', '2 TB'],
  [0.5, 's', '500 ms'],
  [59.6, 's', '1 min'],
  [3661, 's', '1 h 1 min'],
  [90_000, 's', '1 d 1 h'],
  [0, 's', '0 s'],
  [1, 'vCPUs', '1 vCPU'],
  [4, 'vCPUs', '4 vCPUs'],
  [1, 'days', '1 day'],
  [0.000125, 'per hour', '0.000125 per hour'],
  [12.34, '%', '12.3 %'],
  [1234567, undefined, '1,234,567'],
  [100, 'Mbit/s', '100 Mbit/s'],
])('%d %s is shown as %s', (value, unit, shown) => {
  expect(shownAmount(value, unit)).toBe(shown);
});
