import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attributes } from '../queues/index.ts';
import { type FilterScope, readFilterPolicy } from './filter-policy.ts';

type Policy = Readonly<Record<string, unknown>>;
const attributesOf = (members: Readonly<Record<string, string | number | readonly unknown[]>>): Attributes =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name,
      typeof value === 'number'
        ? { type: 'Number', value: String(value) }
        : typeof value === 'string'
          ? { type: 'String', value }
          : { type: 'String.Array', value: JSON.stringify(value) },
    ]),
  );
const byAttributes = (policy: Policy, members: Parameters<typeof attributesOf>[0]) =>
  readFilterPolicy(policy, 'attributes').accepts({ body: 'x', attributes: attributesOf(members) });
const byBody = (policy: Policy, body: unknown) =>
  readFilterPolicy(policy, 'body').accepts({ body: JSON.stringify(body), attributes: undefined });

describe('a filter policy', () => {
  it.each<[Policy, Parameters<typeof attributesOf>[0], boolean]>([
    [{ colour: ['red', 'blue'] }, { colour: 'blue' }, true],
    [{ colour: ['red', 'blue'] }, { colour: 'Blue' }, false],
    [{ colour: ['red'] }, { size: 'red' }, false],
    [{ colour: ['red'], size: [1] }, { colour: 'red', size: 1 }, true],
    [{ colour: ['red'], size: [1] }, { colour: 'red', size: 2 }, false],
    [{ size: [1] }, { size: '1' }, false],
    [{ size: ['1'] }, { size: 1 }, false],
    [{ size: [100] }, { size: 1e2 }, true],
    [{ colour: [{ prefix: 'bl' }] }, { colour: 'blue' }, true],
    [{ colour: [{ prefix: 'bl' }] }, { colour: 'able' }, false],
    [{ colour: [{ suffix: 'ue' }] }, { colour: 'blue' }, true],
    [{ colour: [{ 'equals-ignore-case': 'RED' }] }, { colour: 'red' }, true],
    [{ file: [{ wildcard: '*.png' }] }, { file: 'a.png' }, true],
    [{ file: [{ wildcard: 'a*b*c' }] }, { file: 'a-b-b-c' }, true],
    [{ file: [{ wildcard: 'a*b*c' }] }, { file: 'acb' }, false],
    [{ file: [{ wildcard: 'ab*ba' }] }, { file: 'aba' }, false],
    [{ file: [{ wildcard: 'a\\*b' }] }, { file: 'a*b' }, true],
    [{ file: [{ wildcard: 'a\\*b' }] }, { file: 'axb' }, false],
    [{ colour: [{ 'anything-but': 'red' }] }, { colour: 'blue' }, true],
    [{ colour: [{ 'anything-but': ['red', 'blue'] }] }, { colour: 'blue' }, false],
    [{ colour: [{ 'anything-but': 'red' }] }, { size: 'blue' }, false],
    [{ colour: [{ 'anything-but': { prefix: 'bl' } }] }, { colour: 'blue' }, false],
    [{ colour: [{ 'anything-but': { suffix: ['ue', 'ed'] } }] }, { colour: 'green' }, true],
    [{ size: [{ 'anything-but': [1, 2] }] }, { size: 3 }, true],
    [{ size: [{ numeric: ['>', 0, '<=', 5] }] }, { size: 5 }, true],
    [{ size: [{ numeric: ['>', 0, '<=', 5] }] }, { size: 0 }, false],
    [{ size: [{ numeric: ['=', 3] }] }, { size: 3 }, true],
    [{ size: [{ numeric: ['>=', 3] }] }, { size: '9' }, false],
    [{ from: [{ cidr: '10.0.0.0/24' }] }, { from: '10.0.0.255' }, true],
    [{ from: [{ cidr: '10.0.0.0/24' }] }, { from: '10.0.1.0' }, false],
    [{ from: [{ cidr: '2001:db8::/32' }] }, { from: '2001:db8::1' }, true],
    [{ from: [{ cidr: '10.0.0.0/24' }] }, { from: '2001:db8::1' }, false],
    [{ colour: [{ exists: true }] }, { colour: 'x' }, true],
    [{ colour: [{ exists: false }] }, { colour: 'x' }, false],
    [{ colour: [{ exists: false }, 'red'] }, {}, true],
    [{ tags: ['a'] }, { tags: ['b', 'a'] }, true],
    [{ tags: [{ 'anything-but': 'a' }] }, { tags: ['a', 'b'] }, true],
    [{ tags: [{ 'anything-but': 'a' }] }, { tags: ['a'] }, false],
    [{ tags: [null, true] }, { tags: [false, null] }, true],
    [{ $or: [{ colour: ['red'] }, { size: [1] }] }, { size: 1 }, true],
    [{ $or: [{ colour: ['red'] }, { size: [1] }], shop: ['a'] }, { size: 1, shop: 'b' }, false],
  ])('%j on attributes %j: %s', (policy, members, accepted) => {
    expect(byAttributes(policy, members)).toBe(accepted);
  });

  it.each<[Policy, unknown, boolean]>([
    [{ user: { name: ['ann'] } }, { user: { name: 'ann' } }, true],
    [{ user: { name: ['ann'] } }, { user: [{ name: 'bob' }, { name: 'ann' }] }, true],
    [{ user: { name: [{ exists: false }] } }, {}, true],
    [{ user: { name: ['ann'] } }, { name: 'ann' }, false],
    [{ ok: [true] }, { ok: true }, true],
    [{ ok: [null] }, { ok: null }, true],
    [{ ok: [null] }, {}, false],
    [{ n: [{ numeric: ['<', 3] }] }, { n: [9, 2] }, true],
    [{ n: [1] }, [{ n: 1 }], false],
    [{ n: [1] }, 'text', false],
    [{ constructor: [{ exists: false }] }, {}, true],
  ])('%j on the body %j: %s', (policy, body, accepted) => {
    expect(byBody(policy, body)).toBe(accepted);
  });

  it('looks at no body that is not JSON, and at no binary attribute', () => {
    const filter = readFilterPolicy({ a: [{ exists: false }] }, 'body');
    expect(filter.accepts({ body: '{', attributes: undefined })).toBe(false);
    const binary = { a: { type: 'Binary', value: 'AA==' } };
    expect(readFilterPolicy({ a: [{ exists: true }] }, 'attributes').accepts({ body: '', attributes: binary })).toBe(
      false,
    );
  });

  it('looks into lists within lists, and is not broken by their number', () => {
    expect(byBody({ a: ['x'] }, { a: [['y', ['x']]] })).toBe(true);
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(readFilterPolicy({ a: ['x'] }, 'body').accepts({ body: deep, attributes: undefined })).toBe(false);
  });

  it('takes time in proportion to the text, however many wildcards there are', () => {
    const pattern = `${'a*'.repeat(40)}b`;
    const began = performance.now();
    expect(byAttributes({ x: [{ wildcard: pattern }] }, { x: 'a'.repeat(100_000) })).toBe(false);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it.each<[Policy, FilterScope, string]>([
    [{}, 'attributes', 'filter_policy is empty'],
    [{ a: 'red' }, 'attributes', 'filter_policy.a must be a list of conditions'],
    [{ a: { b: ['c'] } }, 'attributes', 'members within members are for filter_scope body'],
    [{ a: [] }, 'attributes', 'filter_policy.a has no condition'],
    [{ a: [{ like: 'x' }] }, 'attributes', "the operator 'like'"],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'attributes', 'an object of one operator'],
    [{ a: [{ prefix: 1 }] }, 'attributes', 'filter_policy.a[0].prefix must be a text'],
    [{ a: [{ numeric: ['~', 1] }] }, 'attributes', 'must be a comparison'],
    [{ a: [{ numeric: ['>', 1, '<', 2, '<', 3] }] }, 'attributes', 'must be a comparison'],
    [{ a: [{ cidr: '10.0.0.0' }] }, 'attributes', 'no network'],
    [{ a: [{ exists: 'yes' }] }, 'attributes', 'exists must be true or false'],
    [{ a: [{ wildcard: 'a**b' }] }, 'attributes', 'two * in a row'],
    [{ $or: [{ a: ['b'] }] }, 'attributes', 'two or more objects'],
    [{ a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] }, 'attributes', '6 members; 5 are the most'],
    [{ a: Array(13).fill('x'), b: Array(13).fill('y') }, 'attributes', '169 combinations'],
  ])('%j for %s is refused: %s', (policy, scope, word) => {
    expect(() => readFilterPolicy(policy, scope)).toThrow(word);
  });

  it('does what a plain reading of SNS’s rules does', () => {
    fc.assert(
      fc.property(policies, messages, (policy, members) => {
        expect(byAttributes(policy, members)).toBe(plainly(policy, members));
        expect(byBody(policy, members)).toBe(plainly(policy, members));
      }),
      { numRuns: Number(process.env['FILTER_RUNS'] ?? 2_000) },
    );
  });
});

const word = fc.constantFrom('a', 'ab', 'aba', 'b', 'ba', 'B', '');
const number = fc.constantFrom(-1, 0, 1, 2.5, 10);
const someWord = word.filter((text) => text !== '');
const condition = fc.oneof(
  someWord,
  number,
  fc.record({ prefix: someWord }),
  fc.record({ suffix: someWord }),
  fc.record({ 'equals-ignore-case': someWord }),
  fc.record({ exists: fc.boolean() }),
  fc.record({
    'anything-but': fc.oneof(someWord, fc.array(fc.oneof(someWord, number), { minLength: 1, maxLength: 3 })),
  }),
  fc.record({ 'anything-but': fc.record({ prefix: someWord }) }),
  fc.record({ numeric: fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), number) }),
  fc.record({ wildcard: fc.constantFrom('a*', '*a', 'a*a', '*', '*b*') }),
);
const name = fc.constantFrom('x', 'y');
const simple = fc.dictionary(name, fc.array(condition, { minLength: 1, maxLength: 3 }), { minKeys: 1, maxKeys: 2 });
const policies: fc.Arbitrary<Policy> = fc.oneof(
  simple,
  fc.tuple(simple, simple).map((two) => ({ $or: two })),
);
const messages = fc.dictionary(
  name,
  fc.oneof(someWord, number, fc.array(fc.oneof(someWord, number), { maxLength: 3 })),
  { maxKeys: 2 },
);

/** The same by regular expressions and loops, for what the property draws. */
function plainly(policy: Policy, members: Readonly<Record<string, unknown>>): boolean {
  for (const [key, list] of Object.entries(policy)) {
    if (key === '$or') {
      if (!(list as Policy[]).some((one) => plainly(one, members))) return false;
      continue;
    }
    const isThere = key in members;
    const values = (isThere ? [members[key]].flat() : []) as (string | number)[];
    let fits = false;
    for (const one of list as unknown[]) {
      if (typeof one !== 'object' || one === null) fits ||= values.includes(one as string);
      else {
        const [[operator, operand]] = Object.entries(one) as [[string, unknown]];
        if (operator === 'exists') fits ||= operand === isThere;
        else fits ||= values.some((value) => fitsPlainly(operator, operand, value));
      }
    }
    if (!fits) return false;
  }
  return true;
}

function fitsPlainly(operator: string, operand: unknown, value: string | number): boolean {
  const text = typeof value === 'string' ? value : undefined;
  switch (operator) {
    case 'prefix':
      return text !== undefined && new RegExp(`^${String(operand)}`).test(text);
    case 'suffix':
      return text !== undefined && new RegExp(`${String(operand)}$`).test(text);
    case 'equals-ignore-case':
      return text !== undefined && new RegExp(`^${String(operand)}$`, 'i').test(text);
    case 'wildcard':
      return text !== undefined && new RegExp(`^${String(operand).replaceAll('*', '.*')}$`).test(text);
    case 'numeric': {
      const [sign, bound] = operand as [string, number];
      if (typeof value !== 'number') return false;
      return (
        (sign.includes('=') && value === bound) ||
        (sign[0] === '<' && value < bound) ||
        (sign[0] === '>' && value > bound)
      );
    }
    default:
      if (typeof operand === 'object' && !Array.isArray(operand))
        return text !== undefined && !text.startsWith((operand as { prefix: string }).prefix);
      return ![operand].flat().includes(value);
  }
}
