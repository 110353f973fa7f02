import { describe, expect, it } from 'vitest';
import { checkPassword, entropyBits, hashLike, hashPassword } from './password.ts';

const GOOD = 'Tr0ub4dor&3 and more';

describe('a password', () => {
  it.each([
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 'too easy'],
    ['12345678901234', 'too easy'],
    ['abcdefghijklmnop', 'too easy'],
    ['', 'too easy'],
    ['Qwertyuiop1!', 'too easy'],
    ['asdfghjklASDFGHJKL', 'too easy'],
    ['AbCdEfGhIjKlMnOp', 'too easy'],
    ['é'.repeat(40), 'at most 72'],
  ])('%s is refused: %s', (password, why) => {
    expect(() => checkPassword(password)).toThrow(why);
  });

  it.each(['correct horse battery', 'Tr0ub4dor&3', 'пароль-который', 'x9$Kq2!mZ'])('%s is good', (password) => {
    expect(() => checkPassword(password)).not.toThrow();
  });

  it('counts more the longer and the more mixed it is', () => {
    expect(entropyBits('')).toBe(0);
    expect(entropyBits('kmzqpw')).toBeLessThan(entropyBits('kmzqpwt'));
    expect(entropyBits('kmzqpw')).toBeLessThan(entropyBits('kmZ9p!'));
    expect(entropyBits('321')).toBe(entropyBits('99'));
  });

  it('is checked against its hash and nothing else', async () => {
    const hash = await hashPassword(GOOD);
    const salt = hash.slice(0, 29);
    expect(await hashLike(GOOD, salt)).toBe(hash);
    expect(await hashLike(`${GOOD}.`, salt)).not.toBe(hash);
    for (const none of [undefined, '!', hash]) expect(await hashLike(GOOD, none)).toBeUndefined();
    const longest = await hashPassword('x'.repeat(72));
    expect(await hashLike('x'.repeat(72), longest.slice(0, 29))).toBe(longest);
    expect(await hashLike('x'.repeat(73), longest.slice(0, 29))).toBeUndefined();
  });
});
