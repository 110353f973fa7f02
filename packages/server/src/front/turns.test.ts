import { describe, expect, it } from 'vitest';
import { createTurns, type Turns } from './turns.ts';

/** Takes a turn whose work ends when it is told to. */
function open(turns: Turns, group: string, begun: string[], isOver = () => false) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const result = turns.take(
    group,
    () => {
      begun.push(group);
      return promise;
    },
    isOver,
  );
  result.catch(() => undefined);
  return { result, end: () => resolve(group) };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('are of who had fewest: forty who come again and again do not keep out one who comes once', async () => {
    const turns = createTurns({ atOnce: 2, waiting: 100, waitingOf: 5 });
    const begun: string[] = [];
    const many = Array.from({ length: 120 }, (_, n) => open(turns, `attacker ${n % 40}`, begun));
    const one = open(turns, 'somebody', begun);
    await settle();
    // Of 121, two are at work and a hundred wait.
    expect(begun).toEqual(['attacker 0', 'attacker 1']);
    const refused = await Promise.allSettled(many.map(async ({ result }) => Promise.race([result, settle()])));
    expect(refused.filter(({ status }) => status === 'rejected')).toHaveLength(19);
    for (let n = 0; n < 40 && !begun.includes('somebody'); n++) {
      many[n]!.end();
      await settle();
    }
    expect(begun).toContain('somebody');
    expect(new Set(begun).size).toBe(begun.length);
    one.end();
    expect(await one.result).toBe('somebody');
    // They had a turn each by now: the next who comes goes first.
    const other = open(turns, 'somebody else', begun);
    for (const { end } of many.slice(0, 4)) end();
    await settle();
    expect(begun.slice(-4)).toContain('somebody else');
    other.end();
    for (const { end } of many) end();
  });

  it('have a line of bounded length, in all and for each group', async () => {
    const turns = createTurns({ atOnce: 1, waiting: 6, waitingOf: 3 });
    const begun: string[] = [];
    const own = Array.from({ length: 5 }, () => open(turns, 'a', begun));
    await expect(own[4]!.result).rejects.toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    const others = ['b', 'b', 'b', 'c'].map((group) => open(turns, group, begun));
    // The group that had a turn already makes room.
    await expect(own[3]!.result).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    for (const one of [...own, ...others]) one.end();
    await settle();
    await settle();
    expect(begun.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c']);
  });

  it('leave out what nobody waits for any more, and go on after work that fails', async () => {
    const turns = createTurns({ atOnce: 1, waiting: 9, waitingOf: 9 });
    const begun: string[] = [];
    const failing = turns.take(
      'a',
      () => Promise.reject(new Error('broken')),
      () => false,
    );
    const left = open(turns, 'b', begun, () => true);
    const next = open(turns, 'c', begun);
    await expect(failing).rejects.toThrow('broken');
    await expect(left.result).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    next.end();
    expect(await next.result).toBe('c');
    expect(begun).toEqual(['c']);
  });
});
