import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createEgress, type EgressCall, type EgressDeps } from './egress.ts';

const LOOPBACK = ['127.0.0.0/8'];
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
const never = new AbortController().signal;
const call = (url: string, deps: Partial<EgressDeps> = {}, more: Partial<EgressCall> = {}) =>
  createEgress({ allowed: LOOPBACK, ...deps }).call(
    { tenantId: 't', url, method: 'POST', headers: {}, ...more },
    never,
  );

describe('a call of a tenant', () => {
  it('says what it was told to and gets the answer', async () => {
    let seen: unknown;
    const port = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen = { method: request.method, url: request.url, key: request.headers['x-key'], body };
      response.writeHead(201).end('made');
    });
    const answer = await call(
      `http://127.0.0.1:${port}/a?b`,
      {},
      { method: 'PUT', headers: { 'X-Key': 'k' }, body: 'hello' },
    );
    expect(answer).toEqual({ status: 201, text: 'made' });
    expect(seen).toEqual({ method: 'PUT', url: '/a?b', key: 'k', body: 'hello' });
  });

  it('goes to the address that was checked, and the name is resolved once', async () => {
    let asked = 0;
    const port = await serve((request, response) => void response.end(request.headers.host));
    const resolve = async () => (++asked === 1 ? ['127.0.0.1'] : ['169.254.169.254']);
    const answer = await call(`http://rebind.example:${port}/`, { resolve });
    expect(answer.text).toBe(`rebind.example:${port}`);
    expect(asked).toBe(1);
  });

  it.each([['127.0.0.1'], ['10.0.0.1', '169.254.169.254'], ['::ffff:127.0.0.1', '64:ff9b::7f00:1']])(
    'reaches no name that leads to %s, and does not tell where it leads',
    async (...addresses) => {
      let reached = false;
      const port = await serve((_, response) => {
        reached = true;
        response.end();
      });
      await expect(
        call(`http://inside.example:${port}/`, { allowed: [], resolve: async () => addresses }),
      ).rejects.toMatchObject({
        message: 'inside.example leads to no public address',
        isPassing: false,
      });
      expect(reached).toBe(false);
    },
  );

  it('reaches of several addresses one that is allowed', async () => {
    const port = await serve((_, response) => void response.end('here'));
    const resolve = async () => ['10.0.0.1', '127.0.0.1'];
    expect(await call(`http://both.example:${port}/`, { resolve })).toMatchObject({ text: 'here' });
  });

  it('reaches no name of this machine', async () => {
    const port = await serve((_, response) => void response.end());
    await expect(call(`http://localhost:${port}/`, { allowed: [] })).rejects.toMatchObject({ name: 'EgressError' });
  });

  it('follows no redirect', async () => {
    const port = await serve(
      (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    expect(await call(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 302 });
  });

  it('keeps the first 64 KiB of an answer without end', async () => {
    const port = await serve((_, response) => {
      const write = (): void => void (response.destroyed || response.write('x'.repeat(65_536), write));
      write();
    });
    expect((await call(`http://127.0.0.1:${port}/`)).text).toHaveLength(65_536);
  });

  it('ends in time if nothing, or a little from time to time, is answered', async () => {
    const silent = await serve(() => undefined);
    await expect(call(`http://127.0.0.1:${silent}/`, { totalMs: 200 })).rejects.toThrow('no answer within 0.2 s');
    const slow = await serve((_, response) => {
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(timer));
    });
    await expect(call(`http://127.0.0.1:${slow}/`, { totalMs: 300 })).rejects.toThrow('no answer within 0.3 s');
  });

  it('says that nobody listens, and that an answer has too many headers', async () => {
    const port = await serve((_, response) => void response.end());
    servers.pop()!.close();
    await expect(call(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      message: 'the target refused the connection',
      isPassing: true,
    });
    const much = await serve((_, response) => void response.writeHead(200, { 'x-a': 'b'.repeat(20_000) }).end());
    await expect(call(`http://127.0.0.1:${much}/`)).rejects.toThrow('the headers of the answer');
  });

  it('ends when the process stops, with its reason', async () => {
    const port = await serve(() => undefined);
    const stopping = new AbortController();
    const egress = createEgress({ allowed: LOOPBACK });
    const ended = egress.call(
      { tenantId: 't', url: `http://127.0.0.1:${port}/`, method: 'GET', headers: {} },
      stopping.signal,
    );
    stopping.abort(new Error('stopping'));
    await expect(ended).rejects.toThrow('stopping');
    expect(egress.rooms()).toEqual({ all: 200, each: 20, tenants: [] });
  });

  it('takes one of twenty places of its tenant, and none of another', async () => {
    const port = await serve(() => undefined);
    const egress = createEgress({ allowed: LOOPBACK, totalMs: 500 });
    const one = (tenantId: string) =>
      egress.call({ tenantId, url: `http://127.0.0.1:${port}/`, method: 'GET', headers: {} }, never);
    const calls = Promise.allSettled(Array.from({ length: 20 }, () => one('busy')));
    await expect(one('busy')).rejects.toThrow('too many calls at a time');
    expect(egress.rooms()).toEqual({ all: 180, each: 20, tenants: [{ tenantId: 'busy', room: 0 }] });
    await expect(one('other')).rejects.toThrow('no answer within 0.5 s');
    await calls;
    expect(egress.rooms().tenants).toEqual([]);
  });
});
