import { expect, it } from 'vitest';
import { consume, type ConsumeOptions, type ReceivedMessage } from './consuming.ts';
import { clientsOfFakeServers, failure } from './testing/open-client.ts';
import type { FakeAnswer, SeenRequest } from './testing/fake-server.ts';

const open = clientsOfFakeServers();
const message = (nth: number) => ({ id: `m${nth}`, body: `text ${nth}`, receipt_handle: `h${nth}`, received_count: 1 });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Queue {
  /** What a receive call finds. */
  readonly waiting: object[];
  readonly seen: SeenRequest[];
  readonly stop: AbortController;
  /** Requests as `DELETE h1`, without the polls. */
  readonly did: () => readonly string[];
  /** Consumes until it is stopped. */
  readonly run: (
    handle: (message: ReceivedMessage, signal: AbortSignal) => Promise<unknown>,
    options?: ConsumeOptions,
  ) => Promise<void>;
}

/** A queue that answers a poll at once, or after 20 ms if it is empty; `answer` comes before that. */
async function openQueue(
  answer: (request: SeenRequest, nth: number) => FakeAnswer | undefined = () => undefined,
): Promise<Queue> {
  const waiting: object[] = [];
  const { client, seen } = await open(async (request, nth) => {
    const told = answer(request, nth);
    if (told !== undefined) return told;
    if (request.method === 'DELETE') return { status: 204 };
    if (request.method !== 'GET') return { data: { visible_at: '2026-01-02T03:04:05.000Z' } };
    if (waiting.length === 0) await pause(20);
    return { data: waiting.splice(0, Number(request.query.get('max_messages'))) };
  });
  const stop = new AbortController();
  return {
    waiting,
    seen,
    stop,
    did: () =>
      seen.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path.split('/').at(-1)}`),
    run: (handle, options) => consume(client.queues, 'jobs', handle, { signal: stop.signal, ...options }),
  };
}

it('hands out each message, and deletes it when its handler has succeeded', async () => {
  const queue = await openQueue();
  queue.waiting.push(message(1), message(2));
  const handled: string[] = [];
  await queue.run(async ({ body }) => {
    expect(queue.did()).toHaveLength(handled.length);
    handled.push(body);
    if (handled.length === 2) queue.stop.abort();
  });
  expect(handled).toEqual(['text 1', 'text 2']);
  expect(queue.did()).toEqual(['DELETE h1', 'DELETE h2']);
  expect(Object.fromEntries(queue.seen[0]!.query)).toEqual({
    max_messages: '1',
    wait_seconds: '20',
    visibility_timeout: '30',
  });
});

it('leaves in the queue what its handler throws at, tells of it, and goes on', async () => {
  const queue = await openQueue();
  queue.waiting.push(message(1), message(2));
  const told: unknown[] = [];
  const handle = async ({ body }: ReceivedMessage) => {
    if (body === 'text 1') throw new Error('not now');
    queue.stop.abort();
  };
  await queue.run(handle, { onError: (error, { id }) => void told.push([(error as Error).message, id]) });
  expect(told).toEqual([['not now', 'm1']]);
  expect(queue.did()).toEqual(['DELETE h2']);
});

it('handles as many at a time as it may, and takes no more than it can handle', async () => {
  const queue = await openQueue();
  queue.waiting.push(...Array.from({ length: 9 }, (_, nth) => message(nth)));
  let [running, most, done] = [0, 0, 0];
  const handle = async () => {
    most = Math.max(most, ++running);
    await pause(30);
    running--;
    if (++done === 9) queue.stop.abort();
  };
  await queue.run(handle, { concurrency: 4 });
  expect([most, queue.did().length]).toEqual([4, 9]);
  for (const { method, query } of queue.seen)
    if (method === 'GET') expect(Number(query.get('max_messages'))).toBeLessThan(5);
});

it('keeps a message hidden while its handler runs, and no longer', async () => {
  const queue = await openQueue();
  queue.waiting.push(message(1));
  await queue.run(() => pause(1_600).then(() => queue.stop.abort()), { visibility: 2 });
  expect(queue.did()).toEqual(['PATCH h1', 'PATCH h1', 'DELETE h1']);
  await pause(1_000);
  expect(queue.did()).toHaveLength(3);
});

it('tells the handler when the message is not its own any more', async () => {
  const gone: FakeAnswer = { status: 400, error: { code: 'MESSAGE_NOT_IN_FLIGHT', message: 'another has it' } };
  const queue = await openQueue(({ method }) => (method === 'PATCH' ? gone : undefined));
  queue.waiting.push(message(1));
  const told: string[] = [];
  const handle = (_: ReceivedMessage, signal: AbortSignal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => {
        queue.stop.abort();
        reject(signal.reason as Error);
      }),
    );
  await queue.run(handle, { visibility: 2, onError: (error) => void told.push((error as Error).message) });
  expect(new Set(told)).toEqual(new Set(['another has it']));
  expect(queue.did()).toEqual(['PATCH h1']);
});

it('tells the handler when the time of its message is up because no extension was answered', async () => {
  const busy: FakeAnswer = { status: 503, error: { code: 'UNAVAILABLE', message: 'starting' } };
  const queue = await openQueue(({ method }) => (method === 'PATCH' ? busy : undefined));
  queue.waiting.push(message(1));
  const began = performance.now();
  await queue.run(
    (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          queue.stop.abort();
          reject(signal.reason as Error);
        }),
      ),
    { visibility: 2 },
  );
  expect(performance.now() - began).toBeGreaterThan(1_900);
  expect(queue.did()).not.toContain('DELETE h1');
});

it('deletes again after a broken connection, and takes "gone" for done then', async () => {
  let deletes = 0;
  const answers: FakeAnswer[] = [{ destroy: true }, { status: 404, error: { code: 'NOT_FOUND', message: 'gone' } }];
  const queue = await openQueue(({ method }) => (method === 'DELETE' ? answers[deletes++] : undefined));
  queue.waiting.push(message(1));
  const told: unknown[] = [];
  await queue.run(async () => queue.stop.abort(), { onError: (error) => void told.push(error) });
  expect([told, queue.did()]).toEqual([[], ['DELETE h1', 'DELETE h1']]);
});

it('goes on after a failure that passes, and throws one that does not', async () => {
  const busy: FakeAnswer = { status: 503, error: { code: 'UNAVAILABLE', message: 'starting' } };
  const queue = await openQueue((_, nth) => (nth === 1 ? busy : nth === 2 ? { destroy: true } : undefined));
  queue.waiting.push(message(1));
  await queue.run(async () => queue.stop.abort());
  expect(queue.did()).toEqual(['DELETE h1']);

  const refused = await openQueue(() => ({ status: 404, error: { code: 'NOT_FOUND', message: 'no such queue' } }));
  expect(await failure(refused.run(async () => undefined))).toMatchObject({ code: 'NOT_FOUND' });
  expect(refused.seen).toHaveLength(1);
});

it('waits for the handlers that run when it is stopped, and receives no more', async () => {
  const queue = await openQueue();
  queue.waiting.push(message(1));
  let isDone = false;
  await queue.run(async () => {
    queue.stop.abort();
    queue.waiting.push(message(2));
    await pause(100);
    isDone = true;
  });
  expect([isDone, queue.did(), queue.waiting.length]).toEqual([true, ['DELETE h1'], 1]);
});

it.each([{ concurrency: 0 }, { visibility: 1 }, { concurrency: Number.NaN }])('refuses %j', async (options) => {
  const queue = await openQueue();
  expect(await failure(queue.run(async () => undefined, options))).toBeInstanceOf(TypeError);
  expect(queue.seen).toEqual([]);
});
