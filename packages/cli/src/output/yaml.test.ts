import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toYaml } from './yaml.ts';

describe('toYaml', () => {
  it('writes blocks', () => {
    const value = {
      name: 'web',
      tags: ['a', { b: [1, 2.5, -3], c: {} }, [], ['nested', ['twice']]],
      none: null,
      missing: undefined,
      on: true,
    };
    expect(toYaml(value)).toMatchInlineSnapshot(`
      "name: web
      tags:
        - a
        - b:
            - 1
            - 2.5
            - -3
          c: {}
        - []
        - - nested
          - - twice
      none: null
      "on": true
      "
    `);
    expect(toYaml([])).toBe('[]\n');
    expect(toYaml([{ a: 1, b: 2 }])).toBe('- a: 1\n  b: 2\n');
    expect(toYaml('text')).toBe('text\n');
  });

  it.each([
    'true',
    'No',
    'y',
    'null',
    '~',
    '',
    '1',
    '-1',
    '1e3',
    '0x10',
    '.5',
    '2026-01-02',
    '12:30',
    '<<',
    '=',
    '-',
    '- a',
    '? a',
    'a: b',
    'a #b',
    '#a',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '"a',
    "'a",
    '[a',
    '{a',
    ' a',
    'a ',
    'a\nb',
    'a\tb',
    'a:',
    '0o14',
    '1_000',
    '\u2028',
    '\u0085',
  ])('quotes %j, so that it stays text', (text) => {
    const written = toYaml(text).slice(0, -1);
    expect(written.startsWith('"')).toBe(true);
    expect(JSON.parse(written)).toBe(text);
  });

  it.each(['web', 'debian/12', 'basic-2', 'a b', 'x_y.z', 'RUNNING', '10.0.0.0/16', '龍'])(
    'leaves %j as it is',
    (text) => {
      expect(toYaml(text)).toBe(`${text}\n`);
    },
  );

  it('is read the same by readers of 1.1 and 1.2, and holds nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const written = toYaml(value);
        // oxlint-disable-next-line no-control-regex
        expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        expect(parse(written)).toEqual(value);
        expect(parse(written, { version: '1.1', merge: false })).toEqual(value);
      }),
    );
  });
});
