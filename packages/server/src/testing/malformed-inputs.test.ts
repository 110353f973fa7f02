import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { compileValidator } from '../kernel/validate.ts';
import { emptyInputs, malformedInputs, wordless } from './malformed-inputs.ts';

const schema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 5 }),
    name: Type.String({ minLength: 2, pattern: '^[a-z]+$' }),
    size: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
    vpc_id: Type.Optional(Type.String({ minLength: 1 })),
    loud: Type.Optional(Type.Boolean()),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 2 })),
  },
  { additionalProperties: false },
);
const good = { id: 'a', name: 'web', size: 2, vpc_id: 'v', loud: true, tags: ['t'] };
const flawsIn = (travel: Partial<Parameters<typeof malformedInputs>[2]> = {}) =>
  malformedInputs(schema, good, { path: ['id'], bodied: true, ...travel });

describe('malformed inputs', () => {
  it('are refused, each and every one', () => {
    const validate = compileValidator(schema);
    validate(good);
    const flaws = flawsIn();
    expect(flaws.length).toBeGreaterThan(30);
    for (const { flaw, input } of flaws) expect(() => validate(input), flaw).toThrow();
  });

  it('have one flaw for each thing that a member can be wrong in', () => {
    const flaws = flawsIn().map(({ flaw }) => flaw);
    expect(new Set(flaws).size).toBe(flaws.length);
    expect(flaws).toEqual(
      expect.arrayContaining([
        'name is missing',
        'an unknown member',
        'name is null',
        'name is empty',
        'name has a NUL',
        'name does not fit its pattern',
        'size is too large',
        'loud is neither true nor false',
        'tags has too many items',
        'tags has an item that is empty',
        'id is too long',
      ]),
    );
  });

  it('are not those that say of an optional member that it is left out', () => {
    const flaws = flawsIn().map(({ flaw }) => flaw);
    for (const member of ['size', 'vpc_id', 'loud', 'tags']) expect(flaws).not.toContain(`${member} is null`);
    expect(flaws).not.toContain('vpc_id is empty');
    expect(flaws).not.toContain('tags has too few items');
    expect(flaws).toContain('name is empty');
    // An item is no member: null is not left out there.
    expect(flaws).toContain('tags has an item that is null');
  });

  it('can be told from what is only empty', () => {
    const takes = (member: object, value: unknown) => 'minLength' in member === false && value === '';
    const [nulls, texts, lists] = emptyInputs(schema, { id: 'a', name: 'web' }, takes);
    expect(nulls).toMatchObject({ id: 'a', size: null, tags: null, unknown_to_us: null });
    expect(texts).toMatchObject({ vpc_id: '', unknown_to_us: '' });
    expect(lists).toMatchObject({ tags: null, unknown_to_us: [] });
  });

  it('can be told in words where the schema has them', () => {
    expect(wordless(schema)).toEqual(['#/properties/name/pattern']);
    expect(wordless({ 'x-form': 'letters', pattern: 'a', format: 'ipv9', contains: 1 })).toEqual([
      '#/format ipv9',
      '#/contains',
    ]);
  });

  it('leave out what a path cannot be wrong in', () => {
    const flaws = flawsIn().map(({ flaw }) => flaw);
    for (const flaw of ['id is missing', 'id is null', 'id is empty']) expect(flaws).not.toContain(flaw);
  });
});
