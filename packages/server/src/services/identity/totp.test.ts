import { describe, expect, it } from 'vitest';
import { base32, codeOfStep, newTotpSecret, stepAt, stepOfCode, totpUri } from './totp.ts';

/** The secret of RFC 6238, appendix B, for SHA-1. */
const SECRET = base32(Buffer.from('12345678901234567890'));

describe('a time-based code', () => {
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('at %s s is the one of RFC 6238, appendix B', (seconds, code) => {
    expect(codeOfStep(SECRET, stepAt(seconds * 1000), 8)).toBe(code);
  });

  it('of the steps 0 to 9 is the one of RFC 4226, appendix D', () => {
    expect(Array.from({ length: 10 }, (_, step) => codeOfStep(SECRET, step))).toEqual(
      '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' '),
    );
  });

  it('is good during its step and the ones beside it', () => {
    const now = 1_800_000_000_000;
    const step = stepAt(now);
    const found = (from: number) => stepOfCode(SECRET, codeOfStep(SECRET, step + from), now);
    expect([-2, -1, 0, 1, 2].map(found)).toEqual([undefined, step - 1, step, step + 1, undefined]);
  });
});

describe('a secret', () => {
  it('is 160 random bits in base32, as apps read it', () => {
    expect(newTotpSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(newTotpSecret());
    // RFC 4648, section 10.
    expect(['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => base32(Buffer.from(text)))).toEqual([
      '',
      'MY',
      'MZXQ',
      'MZXW6',
      'MZXW6YQ',
      'MZXW6YTB',
      'MZXW6YTBOI',
    ]);
    expect(totpUri('ABC', 'ada@example.com')).toBe(
      'otpauth://totp/The%20Cloud%3Aada%40example.com?secret=ABC&issuer=The%20Cloud',
    );
  });
});
