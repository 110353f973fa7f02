import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../testing/seed.ts';
import { setUpApi } from '../testing/set-up-api.ts';

const MOST = 40;
const OF_ADDRESS = 10;
const PROXY = '127.0.0.7';
const { api } = await setUpApi({ mostConnections: MOST, trustedProxies: [PROXY] });

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await eventually('all connections are gone', async () => (await connections()) === 0);
});

const doors = { REST: () => api.url, AWS: () => api.awsUrl };

/** A connection from an address of this host. */
async function open(localAddress: string, url = api.url): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** The status line of the next answer; undefined if the connection closes instead. */
function answered(socket: Socket, request: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('data', (chunk) => resolve(String(chunk).split('\r\n')[0]));
    socket.once('close', () => resolve(undefined));
    socket.write(request);
  });
}

const served = async (address: string, url = api.url) =>
  (await answered(await open(address, url), get(url === api.awsUrl ? '/_health' : '/health/live'))) ===
  'HTTP/1.1 200 OK';

async function connections(): Promise<number> {
  const text = await api.metrics.prometheus.getSingleMetricAsString('thecloud_http_connections');
  return [...text.matchAll(/^thecloud_http_connections\{.*\} (\d+)/gm)].reduce((sum, [, one]) => sum + Number(one), 0);
}

const alive = (some: readonly Socket[]) => some.filter((socket) => !socket.destroyed && !socket.readableEnded).length;

async function openMany(
  count: number,
  address: string,
  then?: (socket: Socket) => Promise<unknown>,
  url = api.url,
): Promise<Socket[]> {
  const opened: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await open(address, url);
    opened.push(socket.resume());
    await then?.(socket);
  }
  return opened;
}

describe('requests that a client sends without waiting for answers', () => {
  it('are answered one after the other, in their order', async () => {
    const socket = await open('127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(
      get('/docs') + get('/nowhere') + get('/health/live') + get('/docs/swagger-ui.css') + get('/elsewhere'),
    );
    await eventually('all are answered', async () => text.includes('/elsewhere does not exist'));
    expect([...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
      '200',
      '404',
    ]);
  });

  it('are begun when the answer before them was read, not before', async () => {
    const counted = async () =>
      Number(
        /path="\/docs\/swagger-ui-bundle.js",.*\} (\d+)/.exec(
          await api.metrics.prometheus.getSingleMetricAsString('thecloud_http_requests_total'),
        )?.[1] ?? 0,
      );
    const onTheWay = async () =>
      Number(
        /answers_on_the_way (\d+)/.exec(
          await api.metrics.prometheus.getSingleMetricAsString('thecloud_http_answers_on_the_way'),
        )?.[1],
      );
    const before = await counted();
    const socket = await open('127.0.0.1');
    socket.pause().write(get('/docs/swagger-ui-bundle.js').repeat(12));
    // What the kernel's buffers of a connection on loopback take is read, as it were.
    await eventually('an answer waits for its reader', async () => (await onTheWay()) > 0);
    expect(await onTheWay()).toBe(1);
    expect((await counted()) - before).toBeLessThan(8);
    socket.resume();
    await eventually('all are answered', async () => (await counted()) - before === 12);
  });

  it.each(Object.entries(doors))('cost the connection if they are very many: %s', async (_name, url) => {
    const socket = await open('127.0.0.1', url());
    socket.resume().write(get('/').repeat(1_200));
    await once(socket, 'close');
    expect(await served('127.0.0.1', url())).toBe(true);
  });

  it('begin no websocket in the middle of another answer', async () => {
    const socket = await open('127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    socket.write(`${get('/health')}${get('/health/live').replace('\r\n\r\n', `\r\n${upgrade}\r\n`)}`);
    await eventually('both are answered', async () => (text.match(/HTTP\/1.1 200 OK/g) ?? []).length === 2);
    expect(await served('127.0.0.1')).toBe(true);
  });
});

describe.each(Object.entries(doors))('connections: %s', (_name, url) => {
  it('of one address are bounded; the oldest that never asked for anything goes first', async () => {
    const asked = await open('127.0.0.2', url());
    expect(await answered(asked, get('/_health'))).toMatch(/^HTTP/);
    const halfOpen = await openMany(OF_ADDRESS * 3, '127.0.0.2', async (socket) =>
      socket.write('GET / HTTP/1.1\r\nHost:'),
    );
    await eventually('some are closed', async () => alive(halfOpen) < OF_ADDRESS);
    expect(await connections()).toBe(OF_ADDRESS);
    expect(alive([asked])).toBe(1);
    expect(alive(halfOpen.slice(-OF_ADDRESS + 1))).toBe(OF_ADDRESS - 1);
    expect(await served('127.0.0.2', url())).toBe(true);
    expect(await served('127.0.0.3', url())).toBe(true);
  });

  it('are bounded in all; who holds fewest is served, in place of who holds most', async () => {
    const idle = async (socket: Socket) => answered(socket, get('/_health'));
    const hoards: Socket[][] = [];
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'])
      hoards.push(await openMany(OF_ADDRESS, address, idle));
    expect(await connections()).toBe(MOST);
    for (const address of ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14'])
      expect(await served(address, url())).toBe(true);
    expect(await connections()).toBe(MOST);
    // The clients hear of it a moment later.
    await eventually('each has lost one', () => hoards.every((sockets) => alive(sockets) === 9));
  });
});

const HALF = 'GET / HTTP/1.1\r\nHost:';
const REST = ' localhost\r\n\r\n';
const half = async (socket: Socket) => socket.write(HALF);

/** One connection from each of these addresses. */
async function openFrom(addresses: readonly string[], then: (socket: Socket) => Promise<unknown>, url = api.url) {
  const opened: Socket[] = [];
  for (const address of addresses) opened.push(...(await openMany(1, address, then, url)));
  return opened;
}

/** So many addresses, of networks of 50 each. */
const manyAddresses = (count: number, first = 0) =>
  Array.from({ length: count }, (_, nth) => `127.66.${Math.floor((first + nth) / 50)}.${1 + ((first + nth) % 50)}`);

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('connections that ask for nothing', () => {
  it('are few in all: the newest of who holds most go first, and who has asked keeps theirs', async () => {
    const { api: strict } = await setUpApi({ mostConnections: 4_000, mostOpening: 20 });
    const asked = await open('127.0.0.3', strict.url);
    expect(await answered(asked, get('/health/live'))).toBe('HTTP/1.1 200 OK');
    const quiet = await openMany(3, '127.0.0.4', async () => undefined, strict.url);
    const before = await openMany(60, '127.0.0.2', half, strict.url);
    await wait(150);
    const later = await openMany(30, '127.0.0.2', half, strict.url);
    await eventually('some are closed', () => alive(before) + alive(later) + alive(quiet) <= 20 + 30);
    expect(alive(before.slice(20))).toBe(0);
    expect([alive(later.slice(-10)), alive(quiet), alive([asked])]).toEqual([10, 3, 1]);
    expect(await served('127.0.0.2', strict.url)).toBe(true);
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('of very many addresses: the network with most loses, and slow heads of others and of proxies come to their end', async () => {
    const { api: strict } = await setUpApi({ mostConnections: 4_000, mostOpening: 20, trustedProxies: [PROXY] });
    const slow = await openFrom(['127.7.1.1', '127.7.2.1', '127.7.3.1'], half, strict.url);
    const proxied = await openMany(10, PROXY, half, strict.url);
    const flood = await openFrom(manyAddresses(60), half, strict.url);
    await wait(150);
    flood.push(...(await openFrom(manyAddresses(60, 60), half, strict.url)));
    await wait(150);
    flood.push(...(await openFrom(manyAddresses(60, 120), half, strict.url)));
    await eventually('many are closed', () => alive(flood) <= 20 + 60);
    for (const socket of [...slow, ...proxied]) expect(await answered(socket, REST)).toMatch(/^HTTP/);
    expect(await served('127.66.0.1', strict.url)).toBe(true);
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('of a trusted proxy go when they are more than its share, and others are few', async () => {
    const { api: strict } = await setUpApi({ mostConnections: 4_000, mostOpening: 20, trustedProxies: [PROXY] });
    const slow = await openFrom(['127.7.1.1', '127.7.2.1'], half, strict.url);
    const proxied = await openMany(40, PROXY, half, strict.url);
    await wait(150);
    await openMany(20, PROXY, half, strict.url);
    await eventually('many are closed', () => alive(proxied) <= 20);
    for (const socket of slow) expect(await answered(socket, REST)).toMatch(/^HTTP/);
    for (const socket of sockets.splice(0)) socket.destroy();
  });
});

describe('connections from very many addresses, as many as there may be', () => {
  const idle = async (socket: Socket) => answered(socket, get('/health/live'));

  it('make room: the network with most loses, and who is alone in another stays and is served', async () => {
    const alone = await openFrom(['127.7.1.1', '127.7.2.1'], idle);
    const many = await openFrom(manyAddresses(MOST - 2), idle);
    for (const address of ['127.8.1.1', '127.8.2.1', '127.8.3.1']) expect(await served(address)).toBe(true);
    await eventually('three have gone', () => alive(many) === MOST - 5);
    expect([alive(alone), await connections()]).toEqual([2, MOST]);
  });

  it('leave trusted proxies their share, however few each network has', async () => {
    const networks = Array.from({ length: MOST }, (_, nth) => `127.67.${nth}.1`);
    const many = await openFrom(networks, idle);
    const proxied = await openMany(MOST / 2, PROXY, idle);
    await eventually('they have made room', () => alive(many) === MOST / 2);
    expect(alive(proxied)).toBe(MOST / 2);
  });
});

describe('requests of strangers that do not end', () => {
  it('are 64 of an address; of those that are refused, the connection counts as one that asks for nothing', async () => {
    const { api: strict } = await setUpApi({ mostConnections: 4_000, mostOpening: 20 });
    const login =
      'POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{';
    const ask = async (address: string) => {
      const socket = await open(address, strict.url);
      const answer = once(socket, 'data');
      socket.write(login);
      return { socket, answer };
    };
    for (let nth = 0; nth < 64; nth++) await ask('127.0.0.2');
    const refused = await Promise.all(Array.from({ length: 60 }, () => ask('127.0.0.2')));
    for (const { answer } of refused) expect(String((await answer)[0])).toMatch(/^HTTP\/1.1 429 /);
    expect((await strict.metrics.prometheus.getSingleMetricAsString('thecloud_http_connections')).toString()).toMatch(
      /state="busy"\} 64$/m,
    );
    await wait(150);
    await openMany(30, '127.0.0.2', async () => undefined, strict.url);
    await eventually('most of them are closed', () => alive(refused.map(({ socket }) => socket)) <= 20);
    for (const socket of sockets.splice(0)) socket.destroy();
  });
});

describe('connections of a trusted proxy', () => {
  it('are of many callers: as many as there may be in all, and nobody else takes their place', async () => {
    const proxied = await openMany(MOST - 2, PROXY, (socket) => answered(socket, get('/health/live')));
    const others = await openMany(6, '127.0.0.2', async (socket) => socket.write('GET / HTTP/1.1\r\nHost:'));
    await eventually('the others are no more than fit', async () => alive(others) === 2);
    expect([await connections(), alive(proxied)]).toEqual([MOST, MOST - 2]);
    expect(await served(PROXY)).toBe(true);
  });
});
