import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { insertInstance } from '../../services/instances/examples.ts';
import { insertVpc } from '../../services/vpcs/examples.ts';
import { PASSWORD, uniqueWord } from '../../testing/test-api.ts';
import { sendOdd } from '../../testing/odd-requests.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();

/** Writes as it is to the socket; answers what came back until the server closed. */
const write = (text: string) =>
  new Promise<{ status: number; headers: string; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let got = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      got += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [headers = '', body = ''] = got.split('\r\n\r\n');
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]), headers: headers.toLowerCase(), body });
    });
  });

describe('what cannot be read is answered in the envelope', () => {
  it.each([
    ['no HTTP', 'NONSENSE\r\n\r\n', 400, 'INVALID_INPUT'],
    ['a method that there is not', 'FOO /vpcs HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'INVALID_INPUT'],
    ['a malformed header', 'GET /vpcs HTTP/1.1\r\nHost: localhost\r\nbad header: y\r\n\r\n', 400, 'INVALID_INPUT'],
    ['no Host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'INVALID_INPUT'],
    [
      'headers that are too large',
      `GET /vpcs HTTP/1.1\r\nHost: localhost\r\nx-large: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
  ])('%s', async (_, text, status, code) => {
    const answer = await write(text);
    expect(answer.status).toBe(status);
    const body = JSON.parse(answer.body);
    expect(body).toEqual({
      error: { type: code, code, message: expect.any(String) },
      meta: { request_id: expect.any(String), timestamp: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    expect(answer.headers).toContain(`x-request-id: ${body.meta.request_id}`);
    expect(answer.headers).toContain('content-security-policy:');
    expect(answer.headers).toContain('x-content-type-options: nosniff');
  });

  it('and an expectation that nobody knows is left aside', async () => {
    const answer = await write(
      'GET /health/live HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
    );
    expect([answer.status, answer.body]).toEqual([200, '{"status":"ok"}']);
  });
});

describe('every answer keeps browsers from harm', () => {
  it.each([
    ['data', 'GET', '/auth/me', 200],
    ['an error', 'GET', '/vpcs/none', 404],
    ['a path that there is not', 'GET', '/no/such/path', 404],
    ['a path that the router cannot read', 'GET', '/vpcs/%zz', 400],
    ['health', 'GET', '/health/live', 200],
    ['the document', 'GET', '/openapi.json', 200],
  ])('%s', async (_, method, path, status) => {
    const answer = await api.send(method, path, { key: owner.key });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'x-request-id': expect.any(String),
    });
  });
});

describe('a method that a path does not have', () => {
  it.each([
    ['PUT', '/vpcs', 'GET, HEAD, OPTIONS, POST'],
    ['POST', '/vpcs/some', 'DELETE, GET, HEAD, OPTIONS, PATCH'],
    ['PROPFIND', '/vpcs/', 'GET, HEAD, OPTIONS, POST'],
    ['GET', '/instances/web/stop', 'OPTIONS, POST'],
    ['DELETE', '/health/live', 'GET, HEAD, OPTIONS'],
    ['POST', '/openapi.json', 'GET, HEAD, OPTIONS'],
  ])('%s %s: 405', async (method, path, allow) => {
    // A body that cannot be read is not the first thing to tell.
    const headers = method === 'GET' ? {} : { 'content-type': 'text/xml' };
    const body = method === 'GET' ? {} : { body: '<a/>' };
    const answer = await api.send(method, path, { key: owner.key, headers, ...body });
    expect(answer).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED', headers: { allow } });
    expect(answer.message).toContain(allow);
    expect(answer.meta.request_id).toBe(answer.headers['x-request-id']);
  });

  it('is told by OPTIONS, and HEAD is GET without its body', async () => {
    expect(await api.send('OPTIONS', '/vpcs')).toMatchObject({
      status: 204,
      text: '',
      headers: { allow: 'GET, HEAD, OPTIONS, POST' },
    });
    expect(await api.send('OPTIONS', '/no/such/path')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    const head = await api.send('HEAD', '/vpcs', { key: owner.key });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    expect(await api.send('HEAD', '/vpcs')).toMatchObject({ status: 401, text: '' });
    expect(await api.send('HEAD', '/auth/login')).toMatchObject({ status: 405, headers: { allow: 'OPTIONS, POST' } });
  });
});

describe('what is sent and not asked for', () => {
  it('in the query of a change is refused, where it would be lost', async () => {
    const id = await insertVpc(api.worldOf(owner));
    for (const [name, input, query] of [
      ['vpcs.create', { name: uniqueWord() }, 'dry_run=true'],
      ['vpcs.create', { name: uniqueWord() }, 'wait=1&name=x'],
      ['vpcs.update', { id, name: uniqueWord() }, 'wait=1'],
      ['vpcs.delete', { id }, 'wait=1'],
      ['vpcs.list', {}, 'wait=1'],
    ] as const) {
      const settles = api.registry.entries.get(name)!.descriptor.settles !== undefined;
      if (settles && query === 'wait=1') continue;
      const answer = await api.call(name, input, owner, { query });
      const member = query.split('&').at(-1)!.split('=')[0];
      expect(answer, `${name}?${query} ${answer.text}`).toMatchObject({
        status: 400,
        code: 'INVALID_INPUT',
        message: expect.stringContaining(`'${member}'`),
      });
    }
    expect((await api.call('vpcs.get', { id }, owner)).status).toBe(200);
  });

  it('as the number of seconds to wait is taken in digits only', async () => {
    const id = await insertVpc(api.worldOf(owner));
    for (const wait of ['1e1', '', '%201', '0x1', '+1', '1.0', '007'])
      expect(await api.call('vpcs.get', { id }, owner, { query: `wait=${wait}` })).toMatchObject({
        status: 400,
        message: expect.stringContaining('wait'),
      });
  });

  it('and cannot be read as it is meant is refused, never mended or lost', async () => {
    const create = (name: Buffer) =>
      sendOdd(
        api.url,
        {
          method: 'POST',
          path: '/vpcs',
          headers: { 'content-type': 'application/json' },
          body: Buffer.concat([Buffer.from('{"name":"a'), name, Buffer.from('"}')]),
        },
        owner.key,
      );
    expect(await create(Buffer.from([0xff]))).toMatchObject({ status: 400, message: 'the body is not valid UTF-8' });
    // Half of a character of two bytes.
    expect(await create(Buffer.from('é').subarray(0, 1))).toMatchObject({ status: 400 });
    expect(await create(Buffer.from('é'))).toMatchObject({ status: 201 });
    const broken = await api.send('POST', '/auth/login', { body: '{"email": "a@b", "password": "hunter2" "x"}' });
    expect(broken).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^the body is not JSON: .* character 39$/),
    });
    expect(await api.call('vpcs.list', {}, owner, { query: 'cursor=%ff' })).toMatchObject({
      status: 400,
      message: 'the query contains an invalid percent escape; write a % as %25',
    });
    expect(await api.call('vpcs.list', {}, owner, { query: 'limit=1&limit=2' })).toMatchObject({
      status: 400,
      message: 'limit occurs 2 times; send it once',
    });
    const id = await insertVpc(api.worldOf(owner));
    const encoded = await api.call('vpcs.update', { id, name: 'b' }, owner, {
      headers: { 'content-encoding': 'gzip' },
    });
    expect(encoded).toMatchObject({
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: "Content-Encoding 'gzip' is not supported; send the body as it is",
      headers: { 'accept-encoding': 'identity' },
    });
    expect(
      await api.send('DELETE', `/vpcs/${id}`, { key: owner.key, body: { force: true } }),
      'what would be lost is refused',
    ).toMatchObject({ status: 400, message: 'DELETE takes no body; send members in the query' });
  });

  it('as a body of null is no empty object', async () => {
    const id = await insertInstance(api.worldOf(owner));
    const stop = (body?: string) =>
      api.send('POST', `/instances/${id}/stop`, { key: owner.key, ...(body === undefined ? {} : { body }) });
    expect(await stop('null')).toMatchObject({ status: 400, message: 'the body must be a JSON object' });
    expect((await stop('{}')).status).toBe(200);
    expect((await stop()).status).toBe(200);
  });
});

it('a stale key does not keep one from logging in, which needs none', async () => {
  const expired = await api.makeKey(owner, { expired: true });
  for (const key of [expired, 'not-even-a-key']) {
    const answer = await api.send('POST', '/auth/login', { key, body: { email: owner.email, password: PASSWORD } });
    expect(answer.status, answer.text).toBe(200);
  }
});
