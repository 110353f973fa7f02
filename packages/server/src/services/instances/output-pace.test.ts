import { expect, it } from 'vitest';
import { createOutputPaces, paced } from './output-pace.ts';

const MIB = 1024 ** 2;

/** A clock that moves by what is slept, and tells it. */
function createClock() {
  let at = 5_000;
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
    at += ms;
  };
  return { monotonic: () => at, sleep, slept, pass: (ms: number) => void (at += ms) };
}

it('what a tenant prints beyond 16 MiB at once passes at 16 MiB a second, over all that it has open', async () => {
  const clock = createClock();
  const paceOf = createOutputPaces(clock);
  for (let nth = 0; nth < 16; nth++) expect(paceOf('one')(MIB)).toBeUndefined();
  for (let nth = 0; nth < 32; nth++) await paceOf('one')(MIB);
  expect(clock.slept.reduce((all, one) => all + one, 0)).toBeCloseTo(2_000, 0);
  expect(paceOf('another')(16 * MIB)).toBeUndefined();
  clock.pass(1_000);
  expect(paceOf('one')(16 * MIB)).toBeUndefined();
});

it('each piece is read when the one before is paid for, and the end of the call ends the wait', async () => {
  const clock = createClock();
  const ended = AbortSignal.abort();
  const pace = createOutputPaces({
    ...clock,
    sleep: (ms, signal) => (signal?.aborted ? Promise.reject(signal.reason) : clock.sleep(ms)),
  })('one');
  async function* pieces() {
    for (let nth = 0; nth < 4; nth++) yield Buffer.alloc(8 * MIB);
  }
  const read = async (signal: AbortSignal): Promise<number> => {
    let all = 0;
    for await (const piece of paced(pieces(), ({ length }) => length, pace, signal)) all += piece.length;
    return all;
  };
  expect(await read(new AbortController().signal)).toBe(32 * MIB);
  expect(clock.slept.reduce((all, one) => all + one, 0)).toBeCloseTo(1_000, 0);
  expect(await read(ended)).toBe(32 * MIB);
  expect(clock.slept).toHaveLength(2);
});
