import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../kernel/engine-error.ts';
import type { LiveHandlers } from '../kernel/live.ts';
import { closeOf, type Message } from '../kernel/web-socket.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { memoryLog, uniqueWord } from '../testing/test-api.ts';
import { TOY_LIVE, ticketOf } from '../testing/toy-live.ts';
import { createLiveClient } from './client.ts';
import { serveLive } from './server.ts';

let db: Seeded;
let tenant: Tenant;
const folder = mkdtempSync(join(tmpdir(), 'thecloud-live-test-'));
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.drop();
});

const issue = (whose = tenant): Promise<string> => ticketOf(db, whose, 'xs.read', { id: 'x' });
const forever = new AbortController().signal;

async function open(handlers: LiveHandlers) {
  const lines: string[] = [];
  const socketPath = join(folder, uniqueWord(), 'a worker.sock');
  const server = await serveLive({
    socketPath,
    handlers,
    registry: TOY_LIVE,
    database: db.worker,
    log: memoryLog(lines),
  });
  const client = createLiveClient(socketPath);
  return {
    client,
    server,
    lines,
    stop: async () => {
      await server.stop();
      await client.stop();
    },
  };
}

/** Bytes until the signal aborts, and how often it did. */
function endless() {
  let ended = 0;
  return {
    ended: () => ended,
    handlers: {
      'xs.read': {
        stream: async (_, signal) =>
          (async function* pour() {
            try {
              yield Buffer.from('first');
              await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
            } finally {
              ended++;
            }
          })(),
      },
    } satisfies LiveHandlers,
  };
}

describe('a live stream', () => {
  it('brings what comes, and ends', async () => {
    const live = await open({
      'xs.read': {
        stream: async (ticket) =>
          (async function* pour() {
            for (const word of ['one ', 'two ', JSON.stringify(ticket.spec)]) yield Buffer.from(word);
          })(),
      },
    });
    expect(await text(await live.client.stream(await issue(), forever))).toBe('one two {"id":"x"}');
    expect(live.server.open('stream')).toBe(0);
    await live.stop();
  });

  it('is refused with what the engine said before it begins, and cut off by what fails later', async () => {
    const live = await open({
      'xs.read': {
        stream: async () => {
          throw new EngineError('unavailable', 'it was away');
        },
      },
    });
    await expect(live.client.stream(await issue(), forever)).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      status: 503,
      message: 'the instance cannot be reached at the moment; try again',
    });
    await live.stop();
    const breaking = await open({
      'xs.read': {
        stream: async () =>
          (async function* pour() {
            yield Buffer.from('first');
            throw new TypeError('a bug');
          })(),
      },
    });
    await expect(text(await breaking.client.stream(await issue(), forever))).rejects.toThrow();
    expect(breaking.lines.join()).toContain('a bug');
    await breaking.stop();
  });

  it('ends when its caller leaves, and when the worker stops', async () => {
    const { handlers, ended } = endless();
    const live = await open(handlers);
    const leaving = new AbortController();
    const left = await live.client.stream(await issue(), leaving.signal);
    left.on('error', () => undefined);
    await eventually('it is open', () => live.server.open('stream') === 1);
    leaving.abort(new Error('the caller leaves'));
    await eventually('it is let go of', () => ended() === 1 && live.server.open('stream') === 0, 1_000);
    const cut = text(await live.client.stream(await issue(), forever));
    cut.catch(() => undefined);
    const began = performance.now();
    await live.stop();
    expect(performance.now() - began).toBeLessThan(1_000);
    await expect(cut).rejects.toThrow();
    expect(ended()).toBe(2);
  });

  it('has places of its own', async () => {
    const live = await open(endless().handlers);
    const streams = await Promise.all(
      Array.from({ length: 16 }, async () => live.client.stream(await issue(), forever)),
    );
    for (const stream of streams) stream.on('error', () => undefined);
    await expect(live.client.stream(await issue(), forever)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
    });
    const other = await live.client.stream(await issue(await db.makeTenant()), forever);
    other.on('error', () => undefined);
    await live.stop();
  });
});

describe('a live socket', () => {
  const echo: LiveHandlers = {
    'xs.read': {
      socket: async () => async (peer) => {
        for await (const message of peer.messages) {
          if (message === 'fail') throw new EngineError('timeout', 'it took too long');
          if (message === 'bug') throw new TypeError('a bug with secrets');
          if (message === 'done') return;
          await peer.send(message);
        }
      },
    },
  };
  const talk = async (live: Awaited<ReturnType<typeof open>>) => {
    const { socket, messages } = await live.client.socket(await issue(), forever);
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    const heard: Message[] = [];
    void (async () => {
      for await (const message of messages) heard.push(message);
    })();
    const hears = (count: number) => eventually(`${count} messages`, () => heard.length >= count);
    return { socket, heard, hears, closed };
  };

  it('carries text and bytes both ways, in order, until its handler is done', async () => {
    const live = await open(echo);
    const { socket, heard, hears, closed } = await talk(live);
    const said = ['text', Buffer.from([0, 255]), 'ü'.repeat(50_000)];
    for (const message of said) socket.send(message);
    await hears(3);
    expect(heard).toEqual(said);
    expect(live.server.open('socket')).toBe(1);
    socket.send('done');
    expect(await closed).toEqual({ code: 1000, reason: '' });
    await eventually('its place is free', () => live.server.open('socket') === 0);
    await live.stop();
  });

  it('says what failed, but not what is a bug of ours', async () => {
    const live = await open(echo);
    for (const [word, code, close] of [
      ['fail', 'TIMEOUT', 4504],
      ['bug', 'INTERNAL', 4500],
    ] as const) {
      const { socket, heard, closed } = await talk(live);
      socket.send(word);
      await closed;
      const said = JSON.parse(String(heard[0]));
      expect(said).toMatchObject({ type: 'error', code });
      expect(said.message).not.toContain('secrets');
      expect((await closed).code).toBe(close);
    }
    expect(live.lines.join()).toContain('a bug with secrets');
    await live.stop();
  });

  it('is refused as a call is', async () => {
    const live = await open({
      'xs.read': {
        socket: async () => {
          throw new EngineError('unavailable', 'it was away');
        },
      },
    });
    const refused = (ticket: string) => live.client.socket(ticket, forever);
    await expect(refused(await issue())).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('cannot be reached'),
    });
    await expect(refused('made up')).rejects.toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    await expect(live.client.call(await issue())).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await live.stop();
    const none = createLiveClient(join(folder, 'nowhere.sock'));
    await expect(none.socket('any', forever)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', status: 503 });
    await expect(none.stream('any', forever)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', status: 503 });
  });

  it('ends with its caller, whose handler hears of it; and with the worker', async () => {
    let aborted = 0;
    const live = await open({
      'xs.read': {
        socket: async (_, signal) => {
          signal.addEventListener('abort', () => aborted++, { once: true });
          return async (peer) => {
            await peer.send('hello');
            await new Promise((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
            );
          };
        },
      },
    });
    const first = await talk(live);
    await first.hears(1);
    first.socket.terminate();
    await eventually('it is let go of', () => aborted === 1 && live.server.open('socket') === 0, 1_000);
    const second = await talk(live);
    await second.hears(1);
    const began = performance.now();
    await live.stop();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await second.closed).code).toBe(1012);
    await closeOf(second.socket);
    expect(aborted).toBe(2);
  });
});
