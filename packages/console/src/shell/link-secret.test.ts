import { describe, expect, it } from 'vitest';
import { readFragment } from './link-secret.ts';

describe('the fragment of a mail’s link', () => {
  it('brings a token, and the id of an invitation', () => {
    expect(readFragment('#token=abc')).toEqual({ token: 'abc' });
    expect(readFragment('#id=1-2&token=abc')).toEqual({ id: '1-2', token: 'abc' });
  });

  it('of a link within a page brings nothing', () => {
    for (const hash of ['', '#', '#main', '#token=', '#id=1']) expect(readFragment(hash), hash).toBeUndefined();
  });
});
