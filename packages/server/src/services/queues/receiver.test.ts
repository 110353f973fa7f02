import { expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import type { MessageRow } from './message.ts';
import type { TakeRequest, Taken } from './plane.ts';
import { createReceiver } from './receiver.ts';
import type { QueueRow } from './queue.ts';

const queue = { id: '00000000-0000-7000-8000-000000000001', name: 'jobs', fifo: false } as QueueRow;

/** Deals numbered messages, each after `ms` milliseconds. */
function setUp(messages: number, ms: number) {
  let next = 0;
  const take = ({ wants }: TakeRequest): Taken => ({
    exists: true,
    messages: wants.map(({ max }) =>
      Array.from({ length: Math.min(max, messages - next) }, () => ({ id: String(++next) }) as MessageRow),
    ),
    settled: 0,
    first: undefined,
    at: new Date(),
    next: undefined,
    filled: [],
  });
  const stopping = new AbortController();
  const receiver = createReceiver({
    async takeStandard(requests) {
      await systemClock.sleep(ms);
      return requests.map(take);
    },
    takeFifo: () => Promise.reject(new Error('there is no FIFO queue')),
    giveBack: () => undefined,
    announce: () => undefined,
    clock: systemClock,
    stopping: stopping.signal,
  });
  return { receiver, stop: () => stopping.abort() };
}

it('a call that does not wait gets its look, however many come at once and however slow the database is', async () => {
  const { receiver, stop } = setUp(1_000, 80);
  const idle = { ...queue, id: '00000000-0000-7000-8000-000000000002' };
  // Somebody waits elsewhere, so that what has waited long enough is ended every 25 ms.
  const empty = setUp(0, 1);
  const other = empty.receiver.receive(idle, { max: 1, visibilitySeconds: 30, waitSeconds: 5 });
  const long = receiver.receive(idle, { max: 1, visibilitySeconds: 30, waitSeconds: 5 });
  const calls = await Promise.all(
    Array.from({ length: 100 }, () => receiver.receive(queue, { max: 10, visibilitySeconds: 30, waitSeconds: 0 })),
  );
  expect(calls.filter((messages) => messages.length === 0)).toEqual([]);
  stop();
  empty.stop();
  await Promise.all([other, long]);
});

it('calls beyond what one statement serves are answered too when there is nothing', async () => {
  const { receiver, stop } = setUp(0, 5);
  const calls = Array.from({ length: 120 }, () =>
    receiver.receive(queue, { max: 10, visibilitySeconds: 30, waitSeconds: 0 }),
  );
  expect((await Promise.all(calls)).flat()).toEqual([]);
  expect(receiver.waiting()).toBe(0);
  stop();
});

it('a tenant has a quarter of the places of calls that wait, and leaves the others room', async () => {
  const { receiver, stop } = setUp(0, 1);
  const wait = (tenant: string) =>
    receiver.receive(
      { ...queue, tenant_id: tenant, id: `of ${tenant}` },
      { max: 1, visibilitySeconds: 30, waitSeconds: 20 },
    );
  const all = Array.from({ length: 2_500 }, () => wait('loud'));
  await expect(wait('loud')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  const other = wait('other');
  expect(receiver.waiting()).toBe(2_501);
  stop();
  await Promise.all([...all, other]);
  expect(receiver.waiting()).toBe(0);
});
