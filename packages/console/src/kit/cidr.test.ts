import { describe, expect, it } from 'vitest';
import { parseNetwork, rangeOf, suggestNetwork } from './cidr.ts';

describe('a network', () => {
  it('says which addresses resources may have', () => {
    expect(rangeOf(parseNetwork('10.0.0.0/28')!)).toEqual({
      gateway: '10.0.0.1',
      first: '10.0.0.2',
      last: '10.0.0.14',
      usable: 13,
    });
    expect(rangeOf(parseNetwork('192.168.0.0/16')!)).toMatchObject({ last: '192.168.255.254', usable: 65_533 });
  });

  it.each(['', '10.0.0.0', '10.0.0.1/24', '10.0.0.256/28', '10.0.0.0/33'])('is not %j', (text) => {
    expect(parseNetwork(text)).toBe(undefined);
  });

  it('is suggested so that it overlaps no other', () => {
    expect(suggestNetwork([])).toBe('10.0.0.0/16');
    expect(suggestNetwork(['10.0.0.0/16', '10.2.0.0/16'])).toBe('10.1.0.0/16');
    // A small one in between takes the place of a large one, whatever the order.
    expect(suggestNetwork(['10.1.8.0/24', '10.0.0.0/16'])).toBe('10.2.0.0/16');
    expect(suggestNetwork(['10.0.0.0/24'], 24)).toBe('10.0.1.0/24');
    expect(suggestNetwork(['10.0.0.0/8'])).toBe('172.16.0.0/16');
    expect(suggestNetwork(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])).toBe(undefined);
  });
});
