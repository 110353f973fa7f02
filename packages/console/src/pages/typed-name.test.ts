import { describe, expect, it } from 'vitest';
import { isTyped } from './typed-name.ts';

describe('a name that is typed to confirm', () => {
  it.each([
    ['web', 'web'],
    ['ci runner', 'ci  runner'],
    ['a b', ' a\u00a0b '],
    ['report', '\u202ereport\u202c'],
    ['caf\u00e9', 'cafe\u0301'],
    ['\u200b', '\u200b'],
  ])('%j stands for %j', (typed, name) => expect(isTyped(typed, name)).toBe(true));

  it.each([
    ['', 'web'],
    ['Web', 'web'],
    ['we', 'web'],
    ['cirunner', 'ci runner'],
    ['', '\u200b'],
    [' ', '\u200b'],
  ])('%j does not stand for %j', (typed, name) => expect(isTyped(typed, name)).toBe(false));
});
