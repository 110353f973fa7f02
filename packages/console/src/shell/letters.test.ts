import { expect, it } from 'vitest';
import { lettersOf } from './letters.ts';

it('pages have the first letter of their name, or the next one that is free', () => {
  const letters = lettersOf(['instances', 'instance-types', 'vpcs', 'invitations', 'quotas']);
  expect(Object.fromEntries(letters)).toEqual({
    o: 'overview',
    p: 'account',
    i: 'instances',
    v: 'vpcs',
    q: 'quotas',
    n: 'instance-types',
    t: 'invitations',
  });
});

it('a page that comes at the end takes no letter from one before it', () => {
  const before = lettersOf(['instances', 'vpcs', 'keys']);
  const after = lettersOf(['instances', 'vpcs', 'keys', 'kites', 'objects']);
  for (const [letter, name] of before) expect(after.get(letter)).toBe(name);
});

it('a page without a free letter has none', () => {
  expect([...lettersOf(['vpcs', 'v']).values()]).toEqual(['overview', 'account', 'vpcs']);
});
