import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoalescerFullError, createCoalescer, isRowError } from './coalescer.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Something that the test lets go on when it wants. */
function gate(): { opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('coalescer', () => {
  it('sends calls of one turn together, and those that arrive during a flush in the next one', async () => {
    const batches: number[][] = [];
    const slow = gate();
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxInFlight: 1,
      maxQueue: 100,
      flush: async (inputs) => {
        batches.push([...inputs]);
        if (batches.length === 1) await slow.opened;
        return inputs.map((input) => input * 2);
      },
    });
    const first = Promise.all([1, 2, 3].map((n) => coalescer.call(n)));
    await pause(5);
    const second = Promise.all([4, 5].map((n) => coalescer.call(n)));
    expect(coalescer.waiting()).toBe(2);
    await pause(5);
    slow.open();
    expect(await first).toEqual([2, 4, 6]);
    expect(await second).toEqual([8, 10]);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    await coalescer.close();
  });

  it('answers every call with its own result, within its bounds (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ value: fc.integer(), wait: fc.nat(3), bad: fc.boolean() }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (calls, maxBatch, maxInFlight, whole) => {
          let running = 0;
          let most = 0;
          const done: number[] = [];
          const coalescer = createCoalescer<{ place: number; value: number; bad: boolean }, number>({
            maxBatch,
            maxInFlight,
            maxQueue: 100,
            splits: isRowError,
            flush: async (inputs) => {
              expect(inputs.length).toBeLessThanOrEqual(maxBatch);
              most = Math.max(most, ++running);
              await pause(inputs.length % 2);
              running--;
              if (whole && inputs.some((input) => input.bad)) throw Object.assign(new Error('row'), { code: '23505' });
              done.push(...inputs.filter((input) => !input.bad).map((input) => input.place));
              return inputs.map((input) => (input.bad ? new Error(`bad ${input.value}`) : input.value + 1));
            },
          });
          const answers = await Promise.allSettled(
            calls.map(async ({ value, wait, bad }, place) => {
              if (wait > 0) await pause(wait);
              return coalescer.call({ place, value, bad });
            }),
          );
          answers.forEach((answer, place) => {
            const { value, bad } = calls[place]!;
            if (bad)
              expect(answer).toMatchObject({ status: 'rejected', reason: { message: whole ? 'row' : `bad ${value}` } });
            else expect(answer).toEqual({ status: 'fulfilled', value: value + 1 });
          });
          expect(most).toBeLessThanOrEqual(maxInFlight);
          // Each good call was done once: a batch that was split had done nothing.
          expect(done.sort((a, b) => a - b)).toEqual(calls.flatMap((call, place) => (call.bad ? [] : [place])));
          await coalescer.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('rejects every call of a batch with an error that says nothing about what was done', async () => {
    let flushes = 0;
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxQueue: 10,
      splits: isRowError,
      flush: async () => {
        flushes++;
        throw Object.assign(new Error('connection lost'), { code: 'ECONNRESET' });
      },
    });
    const answers = await Promise.allSettled([1, 2, 3].map((n) => coalescer.call(n)));
    expect(answers.every((answer) => answer.status === 'rejected' && /lost/.test(answer.reason.message))).toBe(true);
    expect(flushes).toBe(1);
    expect(isRowError({ code: '22003' })).toBe(true);
    expect(isRowError(null)).toBe(false);
  });

  it('does not split without being told how', async () => {
    let flushes = 0;
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxQueue: 10,
      flush: async () => {
        flushes++;
        throw Object.assign(new Error('row'), { code: '23505' });
      },
    });
    await Promise.allSettled([1, 2].map((n) => coalescer.call(n)));
    expect(flushes).toBe(1);
  });

  it('lets owners take turns, however many calls one of them has, within its half of the queue', async () => {
    const flushed: string[][] = [];
    const release: (() => void)[] = [];
    const coalescer = createCoalescer<string, string>({
      maxBatch: 4,
      maxInFlight: 1,
      maxQueue: 20,
      ownerOf: (input) => input[0]!,
      flush: async (inputs) => {
        flushed.push([...inputs]);
        await new Promise<void>((resolve) => release.push(resolve));
        return inputs;
      },
    });
    const calls = [coalescer.call('x0')];
    await new Promise((resolve) => setImmediate(resolve));
    for (let nth = 1; nth <= 10; nth++) calls.push(coalescer.call(`a${nth}`));
    await expect(coalescer.call('a11')).rejects.toThrow(CoalescerFullError);
    for (const input of ['b1', 'b2', 'b3', 'c1']) calls.push(coalescer.call(input));
    expect(coalescer.waiting()).toBe(14);
    while (flushed.flat().length < 15 || release.length > 0) {
      release.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(calls)).toHaveLength(15);
    expect(flushed).toEqual([
      ['x0'],
      ['a1', 'b1', 'c1', 'a2'],
      ['b2', 'a3', 'b3', 'a4'],
      ['a5', 'a6', 'a7', 'a8'],
      ['a9', 'a10'],
    ]);
  });

  it('rejects a batch whose flush answered too little', async () => {
    const coalescer = createCoalescer<number, number>({ maxBatch: 10, maxQueue: 10, flush: async () => [1] });
    const answers = await Promise.allSettled([1, 2].map((n) => coalescer.call(n)));
    expect(answers).toMatchObject([{ reason: { message: 'a flush of 2 calls answered 1' } }, { status: 'rejected' }]);
  });

  it('refuses more than its queue holds', async () => {
    const slow = gate();
    const coalescer = createCoalescer<number, number>({
      maxBatch: 1,
      maxInFlight: 1,
      maxQueue: 2,
      flush: async (inputs) => {
        await slow.opened;
        return inputs;
      },
    });
    const first = coalescer.call(1);
    await pause(5);
    const queued = [coalescer.call(2), coalescer.call(3)];
    await expect(coalescer.call(4)).rejects.toBeInstanceOf(CoalescerFullError);
    slow.open();
    expect(await Promise.all([first, ...queued])).toEqual([1, 2, 3]);
  });

  it('lets an aborted call go: from the queue before it is sent, from a flush without harm to the others', async () => {
    const slow = gate();
    const sent: number[][] = [];
    let given: AbortSignal | undefined;
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxInFlight: 1,
      maxQueue: 10,
      flush: async (inputs, signal) => {
        sent.push([...inputs]);
        given = signal;
        await slow.opened;
        return inputs;
      },
    });
    const control = new AbortController();
    const inFlight = [coalescer.call(1, control.signal), coalescer.call(2)];
    await pause(5);
    const queuedControl = new AbortController();
    const queued = [coalescer.call(3, queuedControl.signal), coalescer.call(4, new AbortController().signal)];
    control.abort(new Error('away'));
    queuedControl.abort(new Error('away too'));
    await expect(inFlight[0]).rejects.toThrow('away');
    await expect(queued[0]).rejects.toThrow('away too');
    expect(given?.aborted).toBe(false);
    slow.open();
    expect(await inFlight[1]).toBe(2);
    expect(await queued[1]).toBe(4);
    expect(sent).toEqual([[1, 2], [4]]);
    await expect(coalescer.call(5, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  it('aborts a flush that nobody waits for, and closes when the last call has gone', async () => {
    let aborted = false;
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxInFlight: 1,
      maxQueue: 10,
      flush: (inputs, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve(inputs);
          });
        }),
    });
    const control = new AbortController();
    const calls = [coalescer.call(1, control.signal), coalescer.call(2, control.signal)];
    await pause(5);
    const third = coalescer.call(3, control.signal);
    const closed = coalescer.close();
    control.abort(new Error('all away'));
    const answers = await Promise.allSettled([...calls, third]);
    expect(answers.map((answer) => answer.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(aborted).toBe(true);
    await closed;
    await expect(coalescer.call(4)).rejects.toThrow(/closed/);
  });

  it('closes when its only waiting call is given up, and does not flush it', async () => {
    let flushes = 0;
    const coalescer = createCoalescer<number, number>({
      maxBatch: 1,
      maxQueue: 10,
      flush: async (inputs) => {
        flushes++;
        return inputs;
      },
    });
    const control = new AbortController();
    const call = coalescer.call(1, control.signal);
    const closed = coalescer.close();
    control.abort(new Error('away'));
    await expect(call).rejects.toThrow('away');
    await closed;
    await pause(5);
    expect(flushes).toBe(0);
  });

  it('forgets calls that were given up while their batch is being split', async () => {
    const control = new AbortController();
    const flushed: number[][] = [];
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxQueue: 10,
      splits: () => true,
      flush: async (inputs) => {
        flushed.push([...inputs]);
        if (inputs.length === 2) {
          control.abort(new Error('away'));
          throw new Error('whole batch');
        }
        return inputs;
      },
    });
    const answers = await Promise.allSettled([coalescer.call(1, control.signal), coalescer.call(2)]);
    expect(answers.map((answer) => answer.status)).toEqual(['rejected', 'fulfilled']);
    expect(flushed).toEqual([[1, 2], [2]]);
  });

  it('carries no more weight in a flush than it may, and what is heavier alone', async () => {
    const batches: number[][] = [];
    const coalescer = createCoalescer<number, number>({
      maxBatch: 10,
      maxQueue: 100,
      weight: { of: (input) => input, max: 10 },
      flush: async (inputs) => {
        batches.push([...inputs]);
        return [...inputs];
      },
    });
    expect(await Promise.all([4, 5, 2, 30, 1, 9].map((n) => coalescer.call(n)))).toEqual([4, 5, 2, 30, 1, 9]);
    expect(batches).toEqual([[4, 5], [2], [30], [1, 9]]);
    await coalescer.close();
  });

  it('wants bounds', () => {
    const flush = async (inputs: readonly number[]) => inputs;
    expect(() => createCoalescer({ maxBatch: 0, maxQueue: 1, flush })).toThrow(RangeError);
    expect(() => createCoalescer({ maxBatch: 1, maxQueue: 0, flush })).toThrow(RangeError);
    expect(() => createCoalescer({ maxBatch: 1, maxQueue: 1, maxInFlight: Number.NaN, flush })).toThrow(RangeError);
  });
});
