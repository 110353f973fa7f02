import { expect, it } from 'vitest';
import { filterOf } from './filters.ts';
import type { SecretRow } from './secret.ts';

const row = {
  name: 'prod/shop',
  description: 'Password of the Database',
  labels: { team: 'shop' },
} as unknown as SecretRow;
const fits = (...filters: string[]) => filterOf(filters)(row);

it('a filter is the beginning of a name, a word of the description, or a label', () => {
  expect([fits(), fits('name:prod/'), fits('name:Prod'), fits('name:shop')]).toEqual([true, true, false, false]);
  expect([fits('description:data'), fits('description:base')]).toEqual([true, false]);
  expect([fits('label_key:te'), fits('label_value:shop'), fits('label_value:team')]).toEqual([true, true, false]);
  expect([fits('all:SHOP'), fits('all:database'), fits('all:none')]).toEqual([true, true, false]);
});

it('filters of one kind are alternatives, and those of different kinds hold together', () => {
  expect(fits('name:test/', 'name:prod/')).toBe(true);
  expect(fits('name:prod/', 'label_key:owner')).toBe(false);
  expect([fits('name:!prod/'), fits('name:!test/')]).toEqual([false, true]);
});
