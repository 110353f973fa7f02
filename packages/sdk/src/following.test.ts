import { describe, expect, it } from 'vitest';
import { type FollowOptions, followEvents } from './following.ts';
import { clientsOfFakeServers, failure } from './testing/open-client.ts';
import type { FakeAnswer } from './testing/fake-server.ts';

const open = clientsOfFakeServers();
const SPEC = { name: 'events.stream', method: 'GET', path: '/events/stream', answer: 'events' } as const;
const frame = (nth: number) => `id: ${nth}\nevent: message\ndata: {"nth":${nth}}\n\n`;
const said = (raw: string): FakeAnswer => ({ raw: `retry: 1000\n\n${raw}` });

/** Follows until so many events have come. */
async function take(
  answer: (nth: number) => FakeAnswer,
  count: number,
  options: FollowOptions = {},
): Promise<{ nths: number[]; asked: (string | null)[] }> {
  const { client, seen } = await open((_, nth) => answer(nth));
  const nths: number[] = [];
  for await (const { data } of followEvents<{ nth: number }>(client.transport, SPEC, {}, options)) {
    nths.push(data.nth);
    if (nths.length === count) break;
  }
  return { nths, asked: seen.map(({ query }) => query.get('after')) };
}

describe('a stream of events', () => {
  it('goes on behind the last id when its connection ends, whole frames only', async () => {
    const half = said(`${frame(1)}: still here\n\n${frame(2)}id: 3\nevent: message\ndata: {"n`);
    const { nths, asked } = await take((nth) => (nth === 1 ? half : said(frame(3) + frame(4))), 4);
    expect([nths, asked]).toEqual([
      [1, 2, 3, 4],
      [null, '2'],
    ]);
  });

  it('goes on behind an id that came without an event', async () => {
    const { asked } = await take((nth) => said(nth === 1 ? 'id: 7\n\n' : frame(8)), 1);
    expect(asked).toEqual([null, '7']);
  });

  it('connects again when the server says that it stops', async () => {
    const stops = `${frame(1)}event: error\ndata: {"code":"UNAVAILABLE","status":503,"message":"stopping"}\n\n`;
    expect((await take((nth) => said(nth === 1 ? stops : frame(2)), 2)).nths).toEqual([1, 2]);
  });

  it('fails for good with what the server refuses, before and during the stream', async () => {
    const refused = said('event: error\ndata: {"code":"FORBIDDEN","status":403,"message":"no longer"}\n\n');
    expect(await failure(take(() => refused, 1))).toMatchObject({
      code: 'FORBIDDEN',
      status: 403,
      message: 'no longer',
    });
    const gone: FakeAnswer = { status: 410, error: { code: 'CURSOR_EXPIRED', message: 'too old' } };
    expect(await failure(take(() => gone, 1))).toMatchObject({ code: 'CURSOR_EXPIRED', status: 410 });
  });

  it('fails after so many reconnections without an event', async () => {
    const { client, seen } = await open(() => said(''));
    const stream = followEvents(client.transport, SPEC, {}, { reconnects: 1 });
    expect(await failure(stream.next())).toMatchObject({ code: 'ended' });
    expect(seen).toHaveLength(2);
  });

  it('waits as long as the server asks, also longer than a call would', async () => {
    const busy: FakeAnswer = {
      status: 503,
      error: { code: 'UNAVAILABLE', message: 'busy' },
      headers: { 'retry-after': '30' },
    };
    const { client, seen } = await open(() => busy);
    const stream = followEvents(client.transport, SPEC, {}, { signal: AbortSignal.timeout(1_500) });
    await failure(stream.next());
    expect(seen).toHaveLength(1);
  });

  it('tells of each reconnection that fails', async () => {
    const { client } = await open(() => said(''));
    const told: string[] = [];
    const options = { reconnects: 2, onFailure: ({ message }: Error) => void told.push(message) };
    await failure(followEvents(client.transport, SPEC, {}, options).next());
    expect(told).toEqual(['events.stream ended']);
  });

  it('ends with the reason of its signal, also while it waits to connect again', async () => {
    const { client } = await open(() => said(''));
    const reason = new Error('enough');
    const aborting = new AbortController();
    const stream = followEvents(client.transport, SPEC, {}, { signal: aborting.signal });
    setTimeout(() => aborting.abort(reason), 100);
    expect(await failure(stream.next())).toBe(reason);
  });
});
