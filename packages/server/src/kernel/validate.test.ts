import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { coerceText, compileValidator, refuseLargeJson } from './validate.ts';

describe('validation', () => {
  const schema = Type.Object(
    {
      name: Type.String({ minLength: 2, maxLength: 100, pattern: '^[a-z]+$', 'x-form': 'small letters' }),
      size: Type.Optional(Type.Integer({ maximum: 9 })),
      password: Type.Optional(Type.String({ maxLength: 4 })),
      tags: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 3, uniqueItems: true })),
      inner: Type.Optional(Type.Object({ 'a/b': Type.Integer() }, { additionalProperties: false })),
      labels: Type.Optional(
        Type.Record(Type.String({ pattern: '^[a-z/]{1,5}$' }), Type.String({ maxLength: 3 }), {
          additionalProperties: false,
          maxProperties: 2,
          'x-form': '1 to 5 small letters',
        }),
      ),
      mode: Type.Optional(Type.Union([Type.Literal('fast'), Type.Literal('safe')])),
      note: Type.Optional(Type.Union([Type.String({ maxLength: 3 }), Type.Null()])),
      level: Type.Optional(Type.Enum(['low', 'high'])),
      share: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })),
      step: Type.Optional(Type.Integer({ multipleOf: 5, minimum: 5, maximum: 50 })),
      owner: Type.Optional(Type.String({ format: 'uuid' })),
    },
    { additionalProperties: false },
  );
  const refusalOf =
    (validate: (input: unknown) => unknown) =>
    (input: unknown): string => {
      try {
        validate(input);
        return 'good';
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_INPUT', status: 400 });
        return (error as Error).message;
      }
    };
  const validate = compileValidator(schema, { secrets: ['password'] });
  const messageOf = refusalOf(validate);

  it.each([
    [{ name: 'fine' }, 'good'],
    [{}, 'name is required'],
    [{ name: null }, 'name must be text, not null'],
    [{ name: '' }, "name '' is too short: at least 2 characters are required; name '' must be small letters"],
    [{ name: 'UP' }, "name 'UP' must be small letters"],
    [{ name: 'a'.repeat(101) }, `name '${'a'.repeat(59)}… is too long: at most 100 characters are allowed, not 101`],
    [{ name: 'ok', size: 10 }, 'size 10 must be at most 9'],
    [{ name: 'ok', size: 'x' }, "size must be a whole number, not 'x'"],
    [{ name: 'ok', size: Number.POSITIVE_INFINITY }, 'size must be a whole number, not Infinity'],
    [{ name: 'ok', step: 51 }, 'step 51 must be from 5 to 50; step 51 must be a multiple of 5'],
    [{ name: 'ok', share: 0 }, 'share 0 must be more than 0'],
    [{ name: 'ok', share: 1 }, 'share 1 must be less than 1'],
    [{ name: 'ok', tags: 'one' }, "tags must be a list, not 'one'"],
    [{ name: 'ok', tags: ['a', 7] }, 'tags.1 must be text, not 7'],
    [{ name: 'ok', tags: ['a', 'b', 'c', 'd'] }, 'tags: at most 3 items are allowed, not 4'],
    [{ name: 'ok', tags: ['a', 'a'] }, 'tags: each item may occur only once'],
    [{ name: 'ok', inner: {} }, 'good'],
    [{ name: 'ok', inner: { 'a/b': 'x' } }, "inner.a/b must be a whole number, not 'x'"],
    [{ name: 'ok', inner: { 'a/b': 1, c: 2 } }, "unknown member 'c' of inner; known are a/b"],
    [{ name: 'ok', labels: { A: 'x' } }, "labels: the key 'A' must be 1 to 5 small letters"],
    [
      { name: 'ok', labels: { 'a/b': 'long' } },
      "labels.a/b 'long' is too long: at most 3 characters are allowed, not 4",
    ],
    [{ name: 'ok', labels: { a: '', b: '', c: '' } }, 'labels: at most 2 members are allowed, not 3'],
    [{ name: 'ok', mode: 'slow' }, "mode 'slow' must be 'fast' or 'safe'"],
    [{ name: 'ok', level: 'mid' }, "level 'mid' must be 'low' or 'high'"],
    [{ name: 'ok', note: 7 }, 'note 7 must be text or null'],
    [{ name: 'ok', note: 'long' }, "note 'long' is too long: at most 3 characters are allowed, not 4"],
    [{ name: 'ok', owner: 'me' }, "owner 'me' must be a UUID such as 01900000-0000-7000-8000-000000000000"],
    [7, 'the input must be an object, not 7'],
    [undefined, 'the input must be an object, not nothing'],
  ])('of %j says: %s', (input, told) => {
    expect(messageOf(input)).toBe(told);
  });

  it('names the members that there are, and cuts what is long', () => {
    expect(messageOf({ name: 'ok', nmae: 1 })).toMatch(/^unknown member 'nmae'; known are name, size, password, tags,/);
    expect(messageOf({ name: 'ok', ['k'.repeat(100_000)]: 1 }).length).toBeLessThan(300);
    expect(messageOf({ name: 'ok', ['k'.repeat(100_000)]: '\0' }).length).toBeLessThan(300);
    expect(messageOf({ name: ['n'.repeat(100_000)] }).length).toBeLessThan(300);
  });

  it('of a union tells what is wrong with the branch that was meant', () => {
    const exact = { additionalProperties: false } as const;
    const tell = refusalOf(
      compileValidator(
        Type.Union([
          Type.Object({ type: Type.Literal('resize'), rows: Type.Integer({ minimum: 1 }) }, exact),
          Type.Object({ type: Type.Literal('signal'), name: Type.String() }, exact),
          Type.Object({ type: Type.Literal('eof') }, exact),
        ]),
      ),
    );
    expect(tell({ type: 'resize', rows: 0 })).toBe('rows 0 must be 1 or more');
    expect(tell({ type: 'resize', rows: 'x' })).toBe("rows must be a whole number, not 'x'");
    expect(tell({ type: 'signal' })).toBe('name is required');
    expect(tell({ type: 'eof', x: 1 })).toBe("unknown member 'x'; known are type");
    expect(tell({ type: 'zoom' })).toBe("type 'zoom' must be 'resize', 'signal' or 'eof'");
    expect(tell({})).toBe('type is required');
    expect(tell(7)).toBe('the input 7 must be an object');
  });

  it('never quotes a secret', () => {
    expect(messageOf({ name: 'ok', password: 'hunter22' })).toBe(
      'password is too long: at most 4 characters are allowed',
    );
    expect(messageOf({ name: 'ok', password: ['hunter22'] })).toBe('password must be text');
  });

  it('refuses text that cannot be stored, wherever it is', () => {
    expect(messageOf({ name: 'ok', tags: ['fine', 'a\0'] })).toMatch(/^tags.1 contains a character/);
    expect(messageOf({ name: 'ok', tags: ['\udc00'] })).toMatch(/^tags.0 contains/);
    expect(messageOf({ name: 'ok', tags: ['😀'] })).toBe('good');
    const open = compileValidator(Type.Record(Type.String(), Type.Unknown()));
    expect(() => open({ 'k\0': 1 })).toThrow(/^the input contains/);
    expect(() => open({ deep: { 'k\0': 1 } })).toThrow(/^deep contains/);
    expect(open({ bytes: Buffer.from([0]), nothing: null })).toBeDefined();
  });

  it('refuses more values than any input of ours has, wherever they are, before it looks at each', () => {
    const open = compileValidator(Type.Object({ deep: Type.Unknown() }));
    const many = 'the input has too many values: at most 5000 are allowed, counting every item and member';
    expect(refusalOf(open)({ deep: Array(4_999).fill(0) })).toBe('good');
    const halves = [Array(2_499).fill(0), Array(2_499).fill({})];
    const members = Object.fromEntries(Array.from({ length: 5_000 }, (_, key) => [key, 0]));
    for (const deep of [Array(5_000).fill(0), halves, members]) expect(refusalOf(open)({ deep })).toBe(many);
  });

  it('says that a list, an object or a text is too large before it looks at what is in it', () => {
    const tags = Array(4).fill(7);
    expect(messageOf({ name: 'ok', tags })).toBe('tags: at most 3 items are allowed, not 4');
    expect(messageOf({ name: 'ok', labels: { A: 1, B: 2, C: 3 } })).toBe(
      'labels: at most 2 members are allowed, not 3',
    );
    expect(messageOf({ name: '-'.repeat(201) })).toMatch(/is too long: at most 100 characters are allowed, not 201$/);
  });

  it('refuses JSON that is too large by its bytes alone: values and levels count, not what stands in texts', () => {
    const sizeOf = (json: string) => refusalOf((text) => refuseLargeJson(Buffer.from(text as string)))(json);
    const many = 'the input has too many values: at most 5000 are allowed, counting every item and member';
    expect(sizeOf(`[${'1,'.repeat(4_999)}1]`)).toBe('good');
    expect(sizeOf(`[${'1,'.repeat(5_000)}1]`)).toBe(many);
    expect(sizeOf(`[${'{},'.repeat(2_500)}1]`)).toBe(many);
    expect(sizeOf(JSON.stringify({ a: '[{,'.repeat(9_000), [',"['.repeat(9_000)]: '\\"[,'.repeat(9_000) }))).toBe(
      'good',
    );
    expect(sizeOf(`${'['.repeat(34)}`)).toBe('the input is nested deeper than 32 levels');
    expect(sizeOf(`${'[],'.repeat(100)}`)).toBe('good');
    for (const cut of ['{"a', '{"a\\', `["${'a'.repeat(99)}`, `["${'a'.repeat(99)}\\"`])
      expect(sizeOf(cut)).toBe('good');
  });

  it('names unknown members, however many there are, and not their values', () => {
    const unknown = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`k${at}`, 'hunter2']));
    expect(refusalOf(validate)({ name: 'web', ...unknown })).toMatch(/^unknown member 'k0'.*; known are name, size/);
    expect(refusalOf(validate)({ name: 'web', inner: { 'a/b': 1, ...unknown } })).toMatch(
      /^unknown member 'k0'.* of inner; known are a\/b/,
    );
  });

  it('refuses what is nested too deep for whatever walks through it, and the key that is none to JavaScript', () => {
    const open = compileValidator(Type.Record(Type.String(), Type.Unknown()));
    const nested = (levels: number) => ({ deep: JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown });
    expect(open(nested(31))).toBeDefined();
    for (const levels of [32, 100_000])
      expect(refusalOf(open)(nested(levels))).toBe('deep is nested deeper than 32 levels');
    const poisoned = JSON.parse('{"deep": {"__proto__": {"isAdmin": true}}}') as unknown;
    expect(refusalOf(open)(poisoned)).toBe("deep has the key '__proto__', which is not allowed; rename it");
    expect(open(JSON.parse('{"constructor": {"prototype": 1}}'))).toHaveProperty('constructor');
  });
});

describe('what is left out', () => {
  const schema = Type.Object(
    {
      name: Type.String({ minLength: 1 }),
      vpc_id: Type.Optional(Type.String({ minLength: 1 })),
      comment: Type.Optional(Type.String()),
      size: Type.Optional(Type.Integer()),
      note: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
      words: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
      inner: Type.Optional(
        Type.Object({ id: Type.String(), port: Type.Optional(Type.Integer()) }, { additionalProperties: false }),
      ),
      rules: Type.Optional(
        Type.Array(Type.Object({ port: Type.Optional(Type.Integer()) }, { additionalProperties: false })),
      ),
    },
    { additionalProperties: false },
  );
  const validate = compileValidator(schema);

  it('is what is null or empty, where that can be no value, as the clients of the original send it', () => {
    const given = { name: 'a', vpc_id: '', comment: null, size: '', words: [], inner: {}, rules: null };
    expect(validate(given)).toEqual({ name: 'a' });
    expect(given, 'what was given stays as it was').toHaveProperty('words');
    expect(validate({ name: 'a', words: null, inner: '' })).toEqual({ name: 'a' });
  });

  it('is in what lies within it too', () => {
    expect(validate({ name: 'a', inner: { id: '', port: null }, rules: [{ port: null }, {}] })).toEqual({
      name: 'a',
      inner: { id: '' },
      rules: [{}, {}],
    });
  });

  it('is not what has a meaning', () => {
    const given = { name: 'a', comment: '', note: null, rules: [] };
    expect(validate(given)).toEqual(given);
    expect(validate({ name: 'a', note: '' })).toEqual({ name: 'a' });
  });

  it('is not what is required, an item of a list, or of another type', () => {
    for (const name of ['', null, [], {}]) expect(() => validate({ name }), JSON.stringify(name)).toThrow(/^name/);
    expect(() => validate({ name: 'a', words: [''] })).toThrow(/^words.0/);
    expect(() => validate({ name: 'a', words: {} })).toThrow('words must be a list, not {}');
    expect(() => validate({ name: 'a', size: [] })).toThrow('size must be a whole number, not []');
  });

  it('is what asks for nothing that there is', () => {
    expect(validate({ name: 'a', ports: '', subnet_id: null, volumes: [], options: {} })).toEqual({ name: 'a' });
    expect(() => validate({ name: 'a', ports: '80:80' })).toThrow("unknown member 'ports'");
    expect(() => validate({ name: 'a', privileged: false })).toThrow("unknown member 'privileged'");
  });
});

describe('several things that are wrong', () => {
  it('tells at most three things at once', () => {
    const many = compileValidator(
      Type.Object({ a: Type.Integer(), b: Type.Integer(), c: Type.Integer(), d: Type.Integer() }),
    );
    try {
      many({ a: 'x', b: 'x', c: 'x', d: 'x' });
    } catch (error) {
      expect((error as Error).message.split(';')).toHaveLength(3);
    }
    expect(() => compileValidator(Type.Object({}, { additionalProperties: false }))({ a: 1 })).toThrow(
      'there are none here',
    );
  });

  it('reads texts into the types that are asked for', () => {
    const typed = Type.Object({
      n: Type.Integer(),
      f: Type.Number(),
      b: Type.Boolean(),
      l: Type.Array(Type.String()),
      s: Type.String(),
    });
    expect(coerceText(typed, { n: '-5', f: '1.5', b: 'true', l: 'one', s: '7', other: '1' })).toEqual({
      n: -5,
      f: 1.5,
      b: true,
      l: ['one'],
      s: '7',
      other: '1',
    });
    expect(coerceText(typed, { n: '5x', f: '1e3', b: 'yes', l: ['a', 'b'] })).toEqual({
      n: '5x',
      f: '1e3',
      b: 'yes',
      l: ['a', 'b'],
    });
    expect(() => coerceText(typed, { n: ['1', '2'] })).toThrow('n occurs 2 times; send it once');
    expect(coerceText(typed, { l: '' }), 'a list without a value asks for nothing').toEqual({ l: '' });
    const odd = coerceText(typed, JSON.parse('{"__proto__": "1", "constructor": "2"}') as Record<string, unknown>);
    expect(Object.keys(odd)).toEqual(['__proto__', 'constructor']);
    expect(coerceText(typed, { b: 'false', n: 5 })).toEqual({ b: false, n: 5 });
    expect(coerceText(Type.Unknown(), { a: '1' })).toEqual({ a: '1' });
  });
});
