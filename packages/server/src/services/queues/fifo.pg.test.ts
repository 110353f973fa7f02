import { afterAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../kernel/ids.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { startTestApi, type TestApi } from '../../testing/test-api.ts';
import { passTime } from './testing/fifo-world.ts';
import { insertQueue } from './testing/queue-world.ts';

const { database, api, owner } = await setUpApi();
await api.owner.query(`update hosts set name = 'first' where name = 'test-host'`);
/** Another API process on the same database. */
const other = await startTestApi({ database });
afterAll(() => other.stop());

interface Received {
  readonly id: string;
  readonly body: string;
  readonly receipt_handle: string;
  readonly deduplication_id: string;
  readonly sequence_number: string;
}

const make = (settings: Record<string, unknown> = {}) => insertQueue(api.owner, owner, { fifo: true, ...settings });
let sent = 0;
const send = async (id: string, ...texts: readonly string[]) => {
  for (const body of texts) {
    const input = { id, body, group_id: body.split(':')[0]!, deduplication_id: `d${++sent}` };
    expect((await api.call('queues.send', input, owner)).status).toBe(201);
  }
};
const receive = async (id: string, more: object = {}, from: TestApi = api): Promise<readonly Received[]> => {
  const answer = await from.call('queues.receive', { id, max_messages: 10, ...more }, owner);
  expect(answer.status, answer.text).toBe(200);
  return answer.data;
};
const remove = (id: string, message: Received, from: TestApi = api) =>
  from.call('queues.deleteMessage', { id, receipt_handle: message.receipt_handle }, owner);
const show = (id: string, message: Received, seconds: number, from: TestApi = api) =>
  from.call(
    'queues.changeVisibility',
    { id, receipt_handle: message.receipt_handle, visibility_timeout: seconds },
    owner,
  );
const bodies = (messages: readonly Received[]) => messages.map(({ body }) => body);

describe('a FIFO queue at REST', () => {
  it('gives each group in order, and nothing of it while a message is in flight', async () => {
    const id = await make();
    await send(id, 'a:1', 'b:1', 'a:2', 'a:3');
    const first = await receive(id, { max_messages: 2 });
    expect(bodies(first)).toEqual(['a:1', 'a:2']);
    expect(first[0]!.sequence_number).toMatch(/^\d{20}$/);
    expect(first[0]!.sequence_number < first[1]!.sequence_number).toBe(true);
    expect(bodies(await receive(id, {}, other))).toEqual(['b:1']);
    expect(await receive(id)).toEqual([]);
    for (const message of first) expect((await remove(id, message, other)).status).toBe(204);
    expect((await remove(id, first[0]!)).status).toBe(404);
    expect(bodies(await receive(id, {}, other))).toEqual(['a:3']);
  });

  it('takes a message once for a deduplication id, from every process, or for its content where the queue says so', async () => {
    const id = await make({ content_based_deduplication: true });
    const call = (from: TestApi, more: object = {}) =>
      from.call('queues.send', { id, body: 'a:1', group_id: 'a', ...more }, owner);
    const [one, again] = [await call(api), await call(other)];
    expect([one.status, again.status]).toEqual([201, 201]);
    expect(again.data).toEqual(one.data);
    const named = await call(api, { deduplication_id: 'named' });
    expect(named.data.id).not.toBe(one.data.id);
    const messages = await receive(id);
    expect(messages.map((message) => message.deduplication_id)).toEqual([sha256Hex('a:1'), 'named']);
  });

  it.each([
    ['this', api],
    ['another', other],
  ])(
    'goes back to the messages that have waited longest, once %s process has freed their group',
    async (_, process) => {
      const id = await make();
      await send(id, 'a:1', 'a:2');
      await passTime(api, { id }, '1 minute');
      await send(id, 'b:1', 'c:1');
      const [first] = await receive(id, { max_messages: 1 });
      expect(bodies(await receive(id, { max_messages: 1 }))).toEqual(['b:1']);
      await remove(id, first!, process);
      // The news travels.
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(bodies(await receive(id, { max_messages: 1 }))).toEqual(['a:2']);
    },
  );

  it('repeats what an attempt got', async () => {
    const id = await make();
    await send(id, 'a:1', 'b:1');
    const first = await receive(id, { max_messages: 1, attempt_id: 'try' });
    const again = await receive(id, { max_messages: 1, attempt_id: 'try' }, other);
    expect(again.map(({ receipt_handle }) => receipt_handle)).toEqual(
      first.map(({ receipt_handle }) => receipt_handle),
    );
  });

  it('refuses a handle whose visibility has run out', async () => {
    const id = await make();
    await send(id, 'a:1');
    const [message] = await receive(id, { visibility_timeout: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await remove(id, message!)).status).toBe(404);
    expect((await show(id, message!, 10)).code).toBe('MESSAGE_NOT_IN_FLIGHT');
    expect(bodies(await receive(id))).toEqual(['a:1']);
  });
});

describe.each([
  ['the same process', api],
  ['another process', other],
])('who waits in %s', (_, waits) => {
  /** What a call that waits already gets after `act`, and in how many milliseconds. */
  async function after(id: string, act: () => Promise<unknown>) {
    const waiting = receive(id, { wait_seconds: 10 }, waits);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const started = performance.now();
    await act();
    const messages = await waiting;
    return { bodies: bodies(messages), ms: performance.now() - started };
  }

  it('gets a message that is sent', async () => {
    const id = await make();
    const { bodies: got, ms } = await after(id, () => send(id, 'a:1'));
    expect(got).toEqual(['a:1']);
    expect(ms).toBeLessThan(5_000);
  });

  it('gets the next of a group when the message before it is deleted', async () => {
    const id = await make();
    await send(id, 'a:1', 'a:2');
    const [first] = await receive(id, { max_messages: 1 });
    const { bodies: got, ms } = await after(id, () => remove(id, first!));
    expect(got).toEqual(['a:2']);
    expect(ms).toBeLessThan(5_000);
  });

  it('gets the messages of a group whose visibility is ended', async () => {
    const id = await make();
    await send(id, 'a:1', 'a:2');
    const [first] = await receive(id, { max_messages: 1 });
    const { bodies: got, ms } = await after(id, () => show(id, first!, 0));
    expect(got).toEqual(['a:1', 'a:2']);
    expect(ms).toBeLessThan(5_000);
  });

  it('gets the messages of a group when their visibility runs out', async () => {
    const id = await make();
    await send(id, 'a:1', 'a:2');
    const started = performance.now();
    await receive(id, { max_messages: 1, visibility_timeout: 2 });
    const taken = performance.now();
    expect(bodies(await receive(id, { wait_seconds: 10 }, waits))).toEqual(['a:1', 'a:2']);
    expect(performance.now() - started).toBeGreaterThanOrEqual(2_000);
    expect(performance.now() - taken).toBeLessThan(7_000);
  });
});
