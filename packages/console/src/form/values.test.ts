import { describe, expect, test } from 'vitest';
import { flawOf, inputOf } from './values.ts';

describe('a form sends', () => {
  test('of a new thing what is filled in, so that defaults hold', () => {
    const values = { name: 'web', image: '', labels: {}, env: [], force: false, count: 0, other: undefined };
    expect(inputOf(values, undefined)).toEqual({ name: 'web', force: false, count: 0 });
  });

  test('of a change what differs, and what was taken away as empty', () => {
    const before = { name: 'web', description: 'old', permissions: ['a'], labels: undefined, note: undefined };
    const values = { name: 'web', description: '', permissions: [], labels: undefined, note: '' };
    expect(inputOf(values, before)).toEqual({ description: '', permissions: [] });
    expect(inputOf(before, before)).toEqual({});
  });
});

const name = { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z🐱]+$', 'x-form': 'small letters' };

test.each([
  [name, undefined, true, 'Required'],
  [name, '', false, undefined],
  [name, 'a', true, 'At least 2 characters; these are 1'],
  [name, '🐱🐱🐱🐱', true, undefined],
  [name, 'abcde', true, 'At most 4 characters; these are 5'],
  [name, 'AB', true, 'Must be small letters'],
  [{ type: 'integer', minimum: 1 }, 1.5, true, 'Must be a whole number'],
  [{ type: 'integer', minimum: 1 }, 0, false, 'At least 1'],
  [{ type: 'number', maximum: 10 }, 10.5, false, 'At most 10'],
  [{ type: 'array', items: name }, ['ab', 'A'], false, 'Line 2: at least 2 characters; these are 1'],
  [{ type: 'array', items: name }, ['ab', ''], false, 'Line 2: is empty; remove it'],
  [{ type: 'array', items: name, maxItems: 1 }, ['ab', 'cd'], false, 'At most 1; these are 2'],
  [{ type: 'array', items: name, uniqueItems: true }, ['ab', 'ab'], false, 'Each may occur only once'],
  [{ type: 'array', items: name }, [], true, 'Required'],
  [
    { type: 'object', patternProperties: { '^.{1,2}$': { type: 'string', maxLength: 1 } }, 'x-form': 'short' },
    { abc: 'x' },
    false,
    "The name 'abc' must be short",
  ],
  [
    { type: 'object', patternProperties: { '^.{1,2}$': { type: 'string', maxLength: 1 } } },
    { ab: 'xy' },
    false,
    'ab: At most 1 characters; these are 2',
  ],
  [{ anyOf: [name, { type: 'null' }] }, null, true, undefined],
  [{ anyOf: [name, { type: 'null' }] }, 'A', true, 'At least 2 characters; these are 1'],
])('of %j the value %j (required: %s) is wrong by: %s', (schema, value, required, flaw) => {
  expect(flawOf(schema, value, required)).toBe(flaw);
});
