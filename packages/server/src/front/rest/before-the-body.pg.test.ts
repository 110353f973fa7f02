import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { PASSWORD, startTestApi, uniqueWord } from '../../testing/test-api.ts';

const { api, owner, database } = await setUpApi();

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Conversation {
  readonly socket: Socket;
  /** What the server has answered so far. */
  got(): string;
  /** Resolves when the server has answered in full, or closed. */
  answer(): Promise<string>;
}

/** Sends the head of a request that says how long its body is, and as much of the body as is given. */
function begin(
  method: string,
  path: string,
  options: {
    readonly bytes: number | 'chunked';
    readonly body?: string;
    readonly key?: string;
    readonly headers?: Record<string, string>;
    readonly url?: string;
  },
): Conversation {
  const { hostname, port } = new URL(options.url ?? api.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  let got = '';
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (chunk) => {
    got += String(chunk);
  });
  const headers = {
    host: 'localhost',
    'content-type': 'application/json',
    ...(options.bytes === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(options.bytes) }),
    ...(options.key === undefined ? {} : { 'x-api-key': options.key }),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${options.body ?? ''}`);
  return {
    socket,
    got: () => got,
    answer: async () => {
      await eventually('an answer', () => /\r\n\r\n\{.*\}$/s.test(got), 5_000);
      return got;
    },
  };
}

const TEN_MB = 10_000_000;

describe('a request is judged by its head', () => {
  it.each([
    ['without a key', {}, 'POST', '/vpcs', 401],
    ['with a key that nobody has', { key: `thecloud_${'0'.repeat(32)}` }, 'POST', '/vpcs', 401],
    ['with a key of no form', { key: 'hello' }, 'PATCH', '/vpcs/some', 401],
    ['of an operation that needs the worker, without a key', {}, 'POST', '/instances/some/exec', 401],
  ] as const)('%s: refused, though not a byte of its ten megabytes was sent', async (_, more, method, path, status) => {
    const answer = await begin(method, path, { bytes: TEN_MB, ...more }).answer();
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer.toLowerCase(), 'nobody reads the rest').toContain('connection: close');
  });

  it('in a tenant of which its user is not a member: refused before the body', async () => {
    const { tenantId } = await api.makeActor();
    const one = begin('POST', '/vpcs', { bytes: TEN_MB, key: owner.key, headers: { 'x-tenant-id': tenantId } });
    expect(await one.answer()).toContain('HTTP/1.1 403 ');
  });

  it('of whom the limit of rate is used up: refused before the body', async () => {
    await api.owner.query('update hosts set name = $1 where id = $2', [uniqueWord(), api.hostId]);
    const limited = await startTestApi({ database, rates: { perSecond: 0.001, burst: 1 } });
    try {
      await limited.send('POST', '/auth/login', { body: { email: 'nobody@example.com', password: 'x' } });
      const one = begin('POST', '/auth/login', { bytes: 100, url: limited.url });
      expect(await one.answer()).toContain('HTTP/1.1 429 ');
      one.socket.destroy();
    } finally {
      await limited.stop();
    }
  });

  it('is told about its key before it is told about its body', async () => {
    for (const body of ['{', '[]', 'x'.repeat(5_000)])
      expect(await api.send('POST', '/vpcs', { body })).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
  });

  it('has its connection ended where the client writes on regardless', async () => {
    const { socket, answer } = begin('POST', '/vpcs', { bytes: TEN_MB });
    await answer();
    const chunk = 'x'.repeat(100_000);
    let sent = 0;
    while (sent < TEN_MB && !socket.destroyed) {
      await new Promise((resolve) => socket.write(chunk, resolve));
      sent += chunk.length;
    }
    expect(sent).toBeLessThan(TEN_MB);
  });
});

describe('a body that comes slowly', () => {
  it('holds no connection of the pool', async () => {
    await eventually('nothing is in use', () => api.database.stats().total === api.database.stats().idle);
    const slow = Array.from({ length: 30 }, () =>
      begin('POST', '/vpcs', { bytes: 100, key: owner.key, body: '{"name":' }),
    );
    await eventually('all have been let in', async () => (await api.call('auth.me', {}, owner)).status === 200);
    // If they held any, it would stay so: they wait for the rest of their bodies.
    await eventually('no connection is in use or waited for', () => {
      const { total, idle, waiting } = api.database.stats();
      return total === idle && waiting === 0;
    });
    for (const one of slow) expect(one.got()).toBe('');
    // And it is served when it has come.
    const rest = `"v-${uniqueWord()}"}`;
    slow[0]!.socket.write(rest.padEnd(100 - '{"name":'.length));
    expect(await slow[0]!.answer()).toContain('HTTP/1.1 201 ');
  });

  it('is not served once its key has been revoked', async () => {
    const name = uniqueWord();
    const made = await api.call('keys.create', { name }, owner);
    const body = JSON.stringify({ name: `v-${uniqueWord()}` });
    const late = begin('POST', '/vpcs', { bytes: body.length, key: made.data.key, body: body.slice(0, 5) });
    await eventually(
      'it was let in',
      async () => (await api.call('auth.me', {}, { key: made.data.key })).status === 200,
    );
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await api.call('keys.revoke', { id: name }, owner)).status).toBe(204);
    late.socket.write(body.slice(5));
    expect(await late.answer()).toContain('HTTP/1.1 401 ');
  });

  it('holds none of the places for passwords', async () => {
    const slow = Array.from({ length: 30 }, () => begin('POST', '/auth/login', { bytes: 100, body: '{"email":' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const login = await api.call('auth.login', { email: owner.email, password: PASSWORD }, undefined);
    expect(login.status, login.text).toBe(200);
    for (const one of slow) expect(one.got()).toBe('');
  });
});

describe('a body has a limit', () => {
  const padded = (bytes: number) => JSON.stringify({ name: `v-${uniqueWord()}` }).padEnd(bytes);
  const post = (path: string, body: string) => api.send('POST', path, { key: owner.key, body });

  it('of 4 KiB where the operation says nothing else', async () => {
    expect((await post('/vpcs', padded(4096))).status).toBe(201);
    expect(await post('/vpcs', padded(4097))).toMatchObject({
      status: 413,
      code: 'PAYLOAD_TOO_LARGE',
      message: 'the request body is larger than 4096 bytes',
    });
  });

  it('that an operation may raise for itself', async () => {
    const limits = new Map([...api.registry.entries].map(([name, { bodyLimit }]) => [name, bodyLimit]));
    expect([limits.get('vpcs.create'), limits.get('instances.launch')]).toEqual([4096, 1024 * 1024]);
    const env = Array.from({ length: 60 }, (_, index) => `K${index}=${'x'.repeat(4_000)}`);
    const input = { name: `vm-${uniqueWord()}`, image: 'busybox', instance_type: 'basic-1', env };
    expect((await api.call('instances.launch', input, owner)).status).toBe(202);
    expect(await api.call('instances.launch', { ...input, pad: 'x'.repeat(1024 * 1024) }, owner)).toMatchObject({
      status: 413,
      message: 'the request body is larger than 1048576 bytes',
    });
  });

  it('that is known from its head, and noticed on the way where the head says nothing', async () => {
    expect(await begin('POST', '/vpcs', { bytes: 4097, key: owner.key }).answer()).toContain('HTTP/1.1 413 ');
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
    const endless = begin('POST', '/vpcs', { bytes: 'chunked', key: owner.key, body: chunk + chunk });
    expect(await endless.answer()).toContain('HTTP/1.1 413 ');
  });
});
