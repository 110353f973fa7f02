import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom } from '../crash/actor.ts';
import { checkHistory } from './checker.ts';
import type { Door } from './doors.ts';
import { startLoad } from './load.ts';

interface Stored {
  readonly id: string;
  readonly body: string;
  readonly group: string | undefined;
  readonly sequence: bigint;
  visibleAt: number;
  count: number;
  handle: string;
}

type Flaw = 'loses' | 'stores twice' | 'gives to two' | 'forgets deletions' | 'overtakes' | 'forgets ids';

/** A queue in memory, correct but for its flaw, whose calls take a moment on the way there and back, and sometimes lose their answer. */
function memoryQueue(
  fifo: boolean,
  random: (below: number) => number,
  flaw?: Flaw,
): { door: Door; ids(): Set<string> } {
  const stored: Stored[] = [];
  const known = new Map<string, Stored>();
  let number = 0;
  const flawed = (which: Flaw) => flaw === which && random(4) === 0;
  const store = (body: string, group: string | undefined): Stored => {
    const sequence = BigInt(++number);
    const one = { id: `m${number}`, body, group, sequence, visibleAt: 0, count: 0, handle: '' };
    if (!flawed('loses')) stored.push(one);
    return one;
  };
  const held = (one: Stored) => one.visibleAt > performance.now();
  const find = (handle: string) => stored.findIndex((one) => one.handle === handle);
  const over = async <T, Lost>(act: () => T, lost: Lost): Promise<T | Lost> => {
    await pause(random(4));
    const answer = act();
    await pause(random(4));
    return random(20) === 0 ? lost : answer;
  };
  const door: Door = {
    name: 'memory',
    strict: true,
    close: () => undefined,
    send: (entries) =>
      over(
        () =>
          entries.map(({ body, group, deduplicationId }) => {
            const before = flawed('forgets ids') ? undefined : known.get(deduplicationId ?? '');
            const one = before ?? store(body, group);
            if (deduplicationId !== undefined) known.set(deduplicationId, one);
            if (flawed('stores twice')) store(body, group);
            return { outcome: 'done' as const, messageId: one.id, sequence: fifo ? one.sequence : undefined };
          }),
        entries.map(() => ({ outcome: 'unknown' as const })),
      ),
    receive: ({ max, visibilitySeconds }) =>
      over(() => {
        const blocked = new Set(fifo ? stored.filter(held).map(({ group }) => group) : []);
        const free = stored.filter(
          (one) => (!held(one) && !(fifo && blocked.has(one.group))) || flawed('gives to two'),
        );
        if (flawed('overtakes')) free.reverse();
        return free.slice(0, max).map((one) => {
          one.visibleAt = performance.now() + visibilitySeconds * 1000;
          one.handle = `${one.id}-${++one.count}`;
          const { id: messageId, body, handle, count, group, sequence } = one;
          return { messageId, body, handle, count, ...(fifo ? { group, sequence } : {}) };
        });
      }, undefined),
    remove: (handles) =>
      over(
        () =>
          handles.map((handle) => {
            const place = find(handle);
            if (place >= 0 && !flawed('forgets deletions')) stored.splice(place, 1);
            return place >= 0 ? ('done' as const) : ('refused' as const);
          }),
        handles.map(() => 'unknown' as const),
      ),
    hide: (handle, seconds) =>
      over(() => {
        const one = stored[find(handle)];
        if (!one || !held(one)) return 'refused' as const;
        one.visibleAt = performance.now() + seconds * 1000;
        return 'done' as const;
      }, 'unknown' as const),
  };
  return { door, ids: () => new Set(stored.map(({ id }) => id)) };
}

async function judge(fifo: boolean, flaw?: Flaw): Promise<string[]> {
  const random = createRandom(7);
  const { door, ids } = memoryQueue(fifo, random, flaw);
  const load = startLoad({ doors: [door], fifo, random, producers: 3, consumers: 5, paceMs: 15 });
  await pause(1_500);
  await load.stopSending();
  for (let waited = 0; !flaw && ids().size > 0 && waited < 15_000; waited += 50) await pause(50);
  await load.stop();
  if (!flaw) expect([load.acknowledged() > 100, ids().size]).toEqual([true, 0]);
  return [...new Set(checkHistory(load.history, ids()).map(({ kind }) => kind))];
}

test.concurrent.each([false, true])('a correct queue is not accused (FIFO: %s)', async (fifo) => {
  expect(await judge(fifo)).toEqual([]);
});

test.concurrent.each<[Flaw, boolean, string]>([
  ['loses', false, 'lost'],
  ['loses', true, 'lost'],
  ['stores twice', false, 'sent twice'],
  ['gives to two', false, 'two holders'],
  ['gives to two', true, 'group with two holders'],
  ['forgets deletions', false, 'delivered after its deletion'],
  ['overtakes', true, 'overtaken'],
  ['forgets ids', true, 'sent twice'],
  // By chance: a play of 1.5 s on a busy machine may be too short to meet a flaw.
])('a queue that %s is found out (FIFO: %s)', { retry: 3 }, async (flaw, fifo, kind) => {
  expect(await judge(fifo, flaw)).toContain(kind);
});
