import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { randomPassword } from './password.ts';

const make = (rules: Parameters<typeof randomPassword>[0]) => randomPassword(rules, (n) => randomInt(n));

describe('a random password', () => {
  it('has 32 characters with one of each type at least, by default', () => {
    for (let n = 0; n < 200; n++) {
      const password = make({});
      expect(password).toMatch(/^[!-~]{32}$/);
      for (const type of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/]) expect(password).toMatch(type);
    }
  });
  it('has what is not excluded, and the space if it is wanted', () => {
    const rules = { exclude_punctuation: true, exclude_characters: 'abc0', include_space: true };
    for (let n = 0; n < 200; n++) {
      const password = make({ length: 12, ...rules });
      expect(password).toMatch(/^[d-zA-Z1-9 ]{12}$/);
      expect(password).toContain(' ');
    }
    expect(make({ length: 4, exclude_lowercase: true, exclude_uppercase: true, exclude_punctuation: true })).toMatch(
      /^\d{4}$/,
    );
    expect(make({ length: 1, require_each_type: false })).toHaveLength(1);
  });
  it('is refused where no password follows the rules', () => {
    expect(() => make({ length: 3 })).toThrow('take at least 4');
    expect(() => make({ exclude_characters: '0123456789' })).toThrow('whole type');
    const none = { exclude_lowercase: true, exclude_uppercase: true, exclude_numbers: true, exclude_punctuation: true };
    expect(() => make(none)).toThrow('no characters are left');
  });
  it('uses each character about equally, wherever the required ones were drawn', () => {
    const first = new Map<string, number>();
    for (let n = 0; n < 20_000; n++) {
      const one = make({ length: 4 })[0]!;
      const type = /[a-z]/.test(one) ? 'a' : /[A-Z]/.test(one) ? 'A' : /\d/.test(one) ? '0' : '!';
      first.set(type, (first.get(type) ?? 0) + 1);
    }
    for (const count of first.values()) expect(Math.abs(count - 5_000)).toBeLessThan(400);
  });
});
