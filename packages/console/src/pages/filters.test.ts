import { describe, expect, test } from 'vitest';
import { filledFilters, filtersOf, matching, sorted, sortOf, sortText } from './filters.ts';

const text = { type: 'string' };
const filters = filtersOf(
  { pathParams: ['tenant'], references: { vpc_id: 'vpc' } },
  {
    properties: {
      tenant: text,
      limit: { type: 'integer' },
      cursor: text,
      status: { enum: ['active', 'closed'] },
      vpc_id: text,
      from: { type: 'string', format: 'date-time' },
      tag: { type: 'array', items: text },
      usage: { type: 'boolean' },
      email: text,
    },
  },
);

describe('the filters of a list', () => {
  test('are the members of its input, without those that page or that stand in its path', () => {
    expect(filters.map(({ name, control }) => [name, control])).toEqual([
      ['status', 'choice'],
      ['vpc_id', 'reference'],
      ['from', 'time'],
      ['tag', 'words'],
      ['usage', 'flag'],
      ['email', 'text'],
    ]);
  });

  test('are read from an address, whatever the router took their values for', () => {
    const search = { status: 'active', vpc_id: 12, tag: 'env:prod', usage: true, email: 'ada', q: 'x', sort: 'name' };
    expect(filledFilters(filters, search)).toEqual({
      status: 'active',
      vpc_id: '12',
      tag: ['env:prod'],
      usage: true,
      email: 'ada',
    });
  });

  test('leave out what the API would refuse', () => {
    const search = { status: 'gone', from: 'yesterday', tag: [], usage: 'yes', email: '', vpc_id: { a: 1 } };
    expect(filledFilters(filters, search)).toEqual({});
  });
});

describe('the order of a list', () => {
  test('stands in the address', () => {
    for (const text of ['name', '-created_at']) expect(sortText(sortOf(text)!)).toBe(text);
    expect(sortOf('-')).toBe(undefined);
    expect(sortOf(undefined)).toBe(undefined);
  });

  const items = [{ n: 'vm-10', c: 2 }, { n: 'VM-9', c: 10 }, { n: null }, { n: 'vm-1', c: 1 }];
  const names = (key: string, descending: boolean) => sorted(items, { key, descending }).map(({ n }) => n);

  test('is that of numbers in names, without regard to capitals', () => {
    expect(names('n', false)).toEqual(['vm-1', 'VM-9', 'vm-10', null]);
  });

  test('has what is missing at its end, in both directions', () => {
    expect(names('c', false)).toEqual(['vm-1', 'vm-10', 'VM-9', null]);
    expect(names('c', true)).toEqual(['VM-9', 'vm-10', 'vm-1', null]);
  });
});

test('an item matches when each word is in one of its members', () => {
  const items = [
    { name: 'web-1', status: 'RUNNING', labels: { env: 'prod' } },
    { name: 'web-2', status: 'STOPPED', labels: {} },
  ];
  const found = (words: string) => matching(items, ['name', 'status', 'labels'], words).map(({ name }) => name);
  expect(found('WEB')).toEqual(['web-1', 'web-2']);
  expect(found('web stop')).toEqual(['web-2']);
  expect(found('prod')).toEqual(['web-1']);
  expect(found('web-1 stopped')).toEqual([]);
  expect(found('  ')).toEqual(['web-1', 'web-2']);
});
