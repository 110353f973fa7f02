import { describe, expect, it } from 'vitest';
import { foldAddress, newAddress, plainName } from './plain-text.ts';

describe('an e-mail address', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    ['ａｄａ@example.com', 'ada@example.com'],
    ['ada@example．com', 'ada@example.com'],
    ['re\u0301mi@example.com', 'r\u00e9mi@example.com'],
    ['ﬁona@example.com', 'fiona@example.com'],
    ['почта@пример.рф', 'почта@пример.рф'],
    ['почта@example.com', 'почта@example.com'],
  ])('has one form: %s', (given, form) => {
    expect(newAddress(given)).toBe(form);
    expect(foldAddress(given)).toBe(form);
  });

  it.each([
    ['a zero-width space', 'a\u200bda@example.com', 'U+200B'],
    ['a joiner', 'a\u200dda@example.com', 'U+200D'],
    ['another direction', 'a\u202eda@example.com', 'U+202E'],
    ['a soft hyphen', 'a\u00adda@example.com', 'U+00AD'],
    ['a Hangul filler', 'a\u3164da@example.com', 'U+3164'],
    ['a variant', 'a\ufe0fda@example.com', 'U+FE0F'],
    ['a tag', 'a\u{e0041}da@example.com', 'U+E0041'],
    ['a byte order mark', '\ufeffada@example.com', 'U+FEFF'],
  ])('has nothing that nobody sees: %s', (_, given, named) => {
    expect(() => newAddress(given)).toThrow(`email has the invisible character ${named}`);
  });

  it('has one @, also where a character stands for another one', () => {
    expect(() => newAddress('ada＠evil.example@example.com')).toThrow('does not have exactly one @');
  });

  it.each(['аda@example.com', 'ada@exаmple.com', 'αda@example.com'])(
    'mixes no scripts that look alike: %s',
    (given) => {
      expect(() => newAddress(given)).toThrow('email mixes letters of several scripts');
    },
  );
});

describe('a name', () => {
  it('keeps what is seen, in one form', () => {
    for (const name of ['Acme & Söhne', '株式会社', 'می\u200cخواهم', '👩\u200d💻', 'Ярослав'])
      expect(plainName('name', name)).toBe(name);
    expect(plainName('name', 'Rene\u0301')).toBe('Ren\u00e9');
  });

  it.each(['Acme\u202e', '\u2066Acme', 'Ac\u200bme', 'Acme\u0007', 'Acme\u3164'])(
    'has nothing that nobody sees',
    (name) => {
      expect(() => plainName('name', name)).toThrow(/name has the invisible character U\+/);
    },
  );
});
