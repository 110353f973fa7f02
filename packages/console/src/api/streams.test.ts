import { CloudApiError, CloudConnectionError, type Transport } from '@thecloud/sdk';
import { expect, test } from 'vitest';
import { runStream, type StreamTold } from './streams.ts';

const spec = {
  name: 'events.stream',
  method: 'GET',
  path: '/events/stream',
  pathParams: [],
  idempotent: false,
} as never;
const frame = (id: string, data?: object) =>
  new TextEncoder().encode(`id: ${id}\n${data ? `data: ${JSON.stringify(data)}\n` : ''}\n`);

/** Follows connections that say and end as given, until all have been tried. Answers what was told, and the positions that were asked for. */
async function follow(connections: readonly (() => Iterable<Uint8Array>)[]) {
  const told: StreamTold[] = [];
  const asked: unknown[] = [];
  const leaving = new AbortController();
  let next = 0;
  const transport = {
    async *stream(_spec: unknown, input: { after?: string }) {
      asked.push(input.after);
      const connection = connections[next++];
      if (!connection) leaving.abort(new Error('all were tried'));
      else yield* connection();
      leaving.signal.throwIfAborted();
    },
  } as unknown as Transport;
  await runStream(transport, { key: 'k', tenantId: 't', spec }, leaving.signal, (one) => told.push(one)).catch(
    () => undefined,
  );
  return { told, asked };
}

test('a stream is live once it answers, and goes on behind its last event without a gap', async () => {
  const { told, asked } = await follow([
    () => [frame('p0'), frame('p1', { id: 'e1' })],
    () => [frame('p1'), frame('p2', { id: 'e2' })],
  ]);
  expect(told).toEqual([
    { kind: 'live' },
    { kind: 'event', event: { id: 'e1' } },
    { kind: 'event', event: { id: 'e2' } },
  ]);
  expect(asked).toEqual([undefined, 'p1', 'p2']);
});

test('after an API that was away it is live once more, before the events that were waiting', async () => {
  const away = () => {
    throw new CloudConnectionError('unreachable', 'nobody listens');
  };
  const { told } = await follow([() => [frame('p1', { id: 'e1' })], away, away, () => [frame('p2', { id: 'e2' })]]);
  expect(told.map((one) => (one.kind === 'event' ? one.event.id : one.kind))).toEqual(['live', 'e1', 'live', 'e2']);
});

test('a refusal ends it', async () => {
  const { told, asked } = await follow([
    () => [frame('p0')],
    () => {
      throw new CloudApiError('FORBIDDEN', 403, 'no longer');
    },
    () => [frame('p1', { id: 'e1' })],
  ]);
  expect(told).toEqual([{ kind: 'live' }, { kind: 'refused', status: 403 }]);
  expect(asked).toHaveLength(2);
});
