import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../kernel/clock.ts';
import { forbidden } from '../../kernel/errors.ts';
import { messagesOf } from '../../kernel/web-socket.ts';
import { relay } from './relay.ts';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

/** Both ends of a connection. */
async function pair(): Promise<{ near: WebSocket; far: WebSocket }> {
  const near = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const far = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  far.on('error', () => undefined);
  await new Promise((resolve) => far.once('open', resolve));
  return { near: await near, far };
}

async function joined() {
  const [client, worker] = [await pair(), await pair()];
  const over = new AbortController();
  const call = {
    signal: over.signal,
    caller: () => ({ kind: 'anonymous' }) as const,
    end: (reason: Error = new Error('done')) => over.abort(reason),
  };
  const ended = new Promise<{ code: number; reason: string; last: string }>((resolve) => {
    let last = '';
    client.far.on('message', (data) => {
      last = (data as Buffer).toString();
    });
    client.far.once('close', (code, reason) => resolve({ code, reason: reason.toString(), last }));
  });
  const socket = worker.far;
  void relay(client.near, { socket, messages: messagesOf(socket) }, call, systemClock, (message) => message);
  return { client: client.far, worker: worker.near, call, ended };
}

describe('a client and a worker that are joined', () => {
  it('hear each other, and the client hears how the worker ended', async () => {
    const { client, worker, ended } = await joined();
    const heard = new Promise<string>((resolve) =>
      worker.once('message', (data) => resolve((data as Buffer).toString())),
    );
    client.send('{"a": 1}');
    expect(await heard).toBe('{"a":1}');
    worker.send('last words');
    worker.close(1012, 'the worker stops');
    expect(await ended).toEqual({ code: 1012, reason: 'the worker stops', last: 'last words' });
  });

  it('part with words when the worker dies', async () => {
    const { worker, ended } = await joined();
    worker.terminate();
    const { code, last } = await ended;
    expect([code, JSON.parse(last).code]).toEqual([4503, 'ENGINE_UNAVAILABLE']);
  });

  it('part when the call is over, and both are free', async () => {
    const { worker, call, ended } = await joined();
    const free = new Promise((resolve) => worker.once('close', resolve));
    // As the live client does.
    call.signal.addEventListener('abort', () => worker.terminate());
    call.end(forbidden('it was taken away'));
    expect((await ended).code).toBe(4403);
    await free;
  });
});
