import { expect, it } from 'vitest';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { MessageRow } from './message.ts';
import type { TakeRequest, Taken } from './plane.ts';
import { createReceiver } from './receiver.ts';
import type { QueueRow } from './queue.ts';

const queue = {
  id: '00000000-0000-7000-8000-000000000001',
  name: 'jobs',
  fifo: false,
  max_message_size: 262_144,
} as QueueRow;

/** Deals numbered messages, each after `ms` milliseconds. */
function setUp(messages: number, ms: number, clock = systemClock) {
  let next = 0;
  const asked: TakeRequest[] = [];
  const take = ({ wants }: TakeRequest): Taken => ({
    exists: true,
    messages: wants.map(({ max }) =>
      Array.from({ length: Math.min(max, messages - next) }, () => ({ id: String(++next) }) as MessageRow),
    ),
    settled: 0,
    isCut: false,
    first: undefined,
    at: new Date(),
    next: undefined,
    filled: [],
  });
  const stopping = new AbortController();
  const receiver = createReceiver({
    async takeStandard(requests) {
      asked.push(...requests);
      await systemClock.sleep(ms);
      return requests.map(take);
    },
    // Somebody else holds the lock of each.
    takeFifo: () => new Promise<Taken>(() => undefined),
    giveBack: () => undefined,
    announce: () => undefined,
    clock,
    stopping: stopping.signal,
  });
  return { receiver, asked, stop: () => stopping.abort() };
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

it('calls that wait beyond what one statement serves cost no statements, and hold up none that does not wait', async () => {
  const { receiver, asked, stop } = setUp(0, 1);
  const long = Array.from({ length: 60 }, () =>
    receiver.receive(queue, { max: 10, visibilitySeconds: 30, waitSeconds: 1 }),
  );
  let isOver = false;
  void Promise.all(long).then(() => (isOver = true));
  expect(await receiver.receive(queue, { max: 1, visibilitySeconds: 30, waitSeconds: 0 })).toEqual([]);
  expect(isOver).toBe(false);
  await Promise.all(long);
  expect(asked.length).toBeLessThan(10);
  stop();
});

it('FIFO queues whose locks others hold do not hold up a standard queue', async () => {
  const { receiver, stop } = setUp(1, 1);
  for (let n = 0; n < 8; n++)
    void receiver.receive({ ...queue, id: `fifo-${n}`, fifo: true }, { max: 1, visibilitySeconds: 30, waitSeconds: 0 });
  expect(await receiver.receive(queue, { max: 1, visibilitySeconds: 30, waitSeconds: 0 })).toHaveLength(1);
  stop();
});

it('looks once at the whole queue before it is quiet, and no more', async () => {
  // Twenty times as fast.
  const fast: Clock = {
    ...systemClock,
    monotonic: () => performance.now() * 20,
    sleep: (ms, signal) => systemClock.sleep(ms / 20, signal),
  };
  const { receiver, asked, stop } = setUp(0, 1, fast);
  const waiting = receiver.receive(queue, { max: 1, visibilitySeconds: 30, waitSeconds: 20 });
  expect(await waiting).toEqual([]);
  expect(asked.map(({ floor }) => floor === undefined)).toEqual([true, false, true]);
  stop();
});
