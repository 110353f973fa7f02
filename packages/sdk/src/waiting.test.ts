import { describe, expect, it } from 'vitest';
import { CloudWaitError } from './index.ts';
import { clientsOfFakeServers, failure } from './testing/open-client.ts';

const open = clientsOfFakeServers();

describe('lists and waiters', () => {
  it('walks all pages, and asks for no page that nobody reads', async () => {
    const { client, seen } = await open(({ query }) =>
      query.get('cursor') === null ? { data: [{ id: '1' }, { id: '2' }], nextCursor: 'next' } : { data: [{ id: '3' }] },
    );
    const ids: string[] = [];
    for await (const instance of client.instances.listAll({ limit: 2 })) ids.push(instance.id);
    expect(ids).toEqual(['1', '2', '3']);
    expect(seen.map((request) => request.query.toString())).toEqual(['limit=2', 'limit=2&cursor=next']);
    for await (const instance of client.instances.listAll()) if (instance.id === '1') break;
    expect(seen).toHaveLength(3);
  });

  it('does not go round in circles', async () => {
    const { client } = await open(() => ({ data: [], nextCursor: 'same' }));
    await expect(async () => {
      for await (const _ of client.vpcs.listAll());
    }).rejects.toThrow('the same cursor twice');
  });

  it('waits until it has settled, holding the request open', async () => {
    const { client, seen } = await open((_, nth) => ({ data: { id: 'i', status: nth < 3 ? 'STARTING' : 'RUNNING' } }));
    const instance = await client.instances.waitUntil('web', undefined, { pollMs: 5 });
    expect(instance.status).toBe('RUNNING');
    expect(seen.map((request) => request.query.get('wait'))).toEqual(['20', '20', '20']);
  });

  it('waits for what a predicate says, and for the end', async () => {
    const { client } = await open((_, nth) =>
      nth > 4
        ? { status: 404, error: { code: 'NOT_FOUND', message: 'gone' } }
        : { data: { status: nth < 3 ? 'RUNNING' : 'STOPPED' } },
    );
    expect((await client.instances.waitUntil('web', (seen) => seen.status === 'STOPPED', { pollMs: 5 })).status).toBe(
      'STOPPED',
    );
    await client.instances.waitUntilGone('web', { pollMs: 5 });
  });

  it('says what it last saw when time is up', async () => {
    const { client } = await open(() => ({
      data: { id: 'i', status: 'STARTING', status_reason: 'building the image' },
    }));
    const error = await failure(client.instances.waitUntil('web', undefined, { seconds: 0.05, pollMs: 10 }));
    expect(error).toBeInstanceOf(CloudWaitError);
    expect(error).toMatchObject({
      message: "'web' is still STARTING (building the image) after 0.05 s",
      last: { id: 'i' },
    });
  });
});
