import { describe, expect, it } from 'vitest';
import { networkOf } from '../kernel/source.ts';
import { Crowd } from './crowd.ts';

/** The same numbers each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe('a crowd', () => {
  it('finds who has most, of whichever changes came before', () => {
    const callers = Array.from({ length: 60 }, (_, nth) => ({ network: `n${nth % 7}` }));
    const counts = new Map(callers.map((caller) => [caller, 0]));
    const ofNetwork = (network: string) =>
      callers.reduce((sum, caller) => sum + (caller.network === network ? counts.get(caller)! : 0), 0);
    const crowd = new Crowd<{ network: string }>();
    const next = numbers(7);
    for (let nth = 0; nth < 20_000; nth++) {
      const caller = callers[next(callers.length)]!;
      // It grows, shrinks until nobody has any, and grows again.
      const by = next(100) < (Math.floor(nth / 2_000) % 2 ? 35 : 60) ? 1 : -1;
      if (by === -1 && counts.get(caller) === 0) continue;
      counts.set(caller, counts.get(caller)! + by);
      crowd.change(caller, by);
      const sums = new Map(callers.map(({ network }) => [network, ofNetwork(network)]));
      const most = Math.max(...sums.values());
      expect(crowd.size).toBe([...sums.values()].reduce((sum, one) => sum + one, 0));
      if (most === 0) expect(crowd.widest).toBeUndefined();
      else {
        expect(crowd.ofNetwork(crowd.widest!)).toBe(most);
        expect(sums.get(crowd.widest!)).toBe(most);
      }
      for (const [network, sum] of sums) {
        const found = crowd.mostIn(network);
        const highest = Math.max(...callers.filter((one) => one.network === network).map((one) => counts.get(one)!));
        if (sum === 0) expect(found).toBeUndefined();
        else expect([found!.network, counts.get(found!)]).toEqual([network, highest]);
      }
    }
  });

  it('names the last who came to have most, not one who had more before', () => {
    const [old, middle, young] = ['a', 'b', 'c'].map((network) => ({ network })) as [Named, Named, Named];
    const crowd = new Crowd<Named>();
    for (const one of [old, middle, young]) crowd.change(one, 1);
    expect(crowd.widest).toBe('c');
    crowd.change(middle, 1);
    expect(crowd.widest).toBe('b');
    crowd.change(middle, -1);
    expect(crowd.widest).toBe('c');
    crowd.change(young, -1);
    expect(crowd.widest).toBe('a');
  });
});

type Named = { network: string };

describe('the network of an address', () => {
  it('is its /24, or its /48 of IPv6', () => {
    expect(['192.0.2.7', '192.0.2.200', '192.0.3.7'].map(networkOf)).toEqual([
      '192.0.2.0/24',
      '192.0.2.0/24',
      '192.0.3.0/24',
    ]);
    expect(['2001:db8:1:2::1', '2001:db8:1:ffff::', '2001:db8:2::', '::1'].map(networkOf)).toEqual([
      '2001:db8:1::/48',
      '2001:db8:1::/48',
      '2001:db8:2::/48',
      '0:0:0::/48',
    ]);
    expect(networkOf('unknown')).toBe('unknown');
  });
});
