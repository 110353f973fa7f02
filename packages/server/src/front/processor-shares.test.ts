import { describe, expect, it } from 'vitest';
import { createMetrics } from '../kernel/metrics.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createProcessorShares } from './processor-shares.ts';

const here = () => false;

/** Shares of an event loop whose requests each take so many milliseconds of it, as soon as they begin. */
function setUp() {
  const clock = createManualClock();
  let busy = 0;
  const shares = createProcessorShares(clock, createMetrics('test'), () => busy);
  const begun = new Map<string, number>();
  const ask = async (name: string, ms: number, isGone = here): Promise<void> => {
    const account = shares.of(name);
    await account.enter(isGone);
    begun.set(name, (begun.get(name) ?? 0) + 1);
    account.spend(ms);
    busy += ms;
  };
  /** Asks all the time, so many requests at once, as fast as the event loop could do them; until the clock has gone on for so long. */
  const flood = async (name: string, ms: number, atOnce: number, lasting: number) => {
    const until = clock.monotonic() + lasting;
    const one = async (): Promise<void> => {
      while (clock.monotonic() < until) {
        await ask(name, ms);
        await clock.sleep(ms * atOnce);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  };
  return { clock, shares, begun, ask, flood };
}

describe('shares of the processor', () => {
  it('are all of it for who is alone', async () => {
    const { clock, begun, flood, shares } = setUp();
    void flood('a', 1, 10, 1_000);
    await clock.advance(2_000);
    expect(begun.get('a')).toBeGreaterThan(900);
    expect(shares.waiting()).toBe(0);
  });

  it('are half of it together for those who ask for more, and who asks for little never waits', async () => {
    const { clock, begun, flood, shares } = setUp();
    for (const name of ['a', 'b']) void flood(name, 1, 50, 10_000);
    let waited = 0;
    for (let at = 0; at < 10_000; at += 20) {
      await clock.advance(20);
      const entered = shares.of('neighbour').enter(here);
      if (entered) waited++;
      shares.of('neighbour').spend(1);
      await entered;
    }
    expect(waited).toBe(0);
    const [a, b] = [begun.get('a')!, begun.get('b')!];
    // Of 10 s 5 s, and what each may use at once.
    expect(a + b).toBeGreaterThan(3_500);
    expect(a + b).toBeLessThan(6_500);
    expect(Math.abs(a - b)).toBeLessThan((a + b) / 4);
  });

  it('go by what was measured, not by the number of requests', async () => {
    const { clock, begun, flood } = setUp();
    void flood('heavy', 20, 20, 10_000);
    void flood('light', 1, 20, 10_000);
    await clock.advance(12_000);
    expect(begun.get('light')! / begun.get('heavy')!).toBeGreaterThan(5);
  });

  it('are waited for within bounds: so many, for so long, and not by who has gone', async () => {
    const { clock, ask, shares } = setUp();
    await ask('neighbour', 1);
    for (let nth = 0; nth < 40; nth++) await ask('a', 1_000).catch(() => undefined);
    await clock.advance(60);
    const waiters = [ask('a', 1, () => true), ...Array.from({ length: 799 }, () => ask('a', 1_000))];
    const all = Promise.allSettled(waiters);
    expect(shares.waiting()).toBe(800);
    await expect(ask('a', 1)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: 1 });
    for (let at = 0; at < 10_100; at += 100) {
      void ask('neighbour', 1);
      await clock.advance(100);
    }
    const codes = (await all).map((one) => (one.status === 'rejected' ? one.reason.code : 'begun'));
    expect(codes[0]).toBe('REQUEST_TIMEOUT');
    expect(new Set(codes)).toEqual(new Set(['REQUEST_TIMEOUT', 'begun', 'RATE_LIMITED']));
    expect(shares.waiting()).toBe(0);
  });

  it('are forgotten with who has not asked for a while', async () => {
    const { clock, ask } = setUp();
    await ask('a', 1);
    await clock.advance(11_000);
    expect(clock.sleepers()).toBe(0);
  });
});
