import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';

const { api, owner } = await setUpApi({ hosts: ['cloud.example.com', 'Machine'] });
const behind = await setUpApi({ hosts: ['cloud.example.com'], trustedProxies: ['127.0.0.1'] });

const statusFor = async (host: string, path = '/auth/me') =>
  (await api.send('GET', path, { key: owner.key, headers: { host } })).status;

describe('the name that a request is for', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    '192.0.2.7:1',
    '[::1]:8080',
    'localhost',
    'LOCALHOST:80',
    'localhost.',
    'a.b.localhost:8080',
    'cloud.example.com',
    'Cloud.Example.COM.:8443',
    'machine:8080',
  ])('may be %s', async (host) => {
    expect(await statusFor(host)).toBe(200);
  });

  it.each([
    'evil.example.com',
    'evil.example.com:8080',
    'cloud.example.com.evil.net',
    'sub.cloud.example.com',
    'notlocalhost',
    'localhost.evil.net',
    '127.0.0.1.evil.net',
    '127.0.0.1@evil.net',
    'evil.net/127.0.0.1',
    'localhost:port',
    '[::1].evil.net',
    '..',
  ])('is refused if the platform is not known by it, with the way out: %s', async (host) => {
    const answer = await api.send('GET', '/auth/me', { key: owner.key, headers: { host } });
    expect(answer).toMatchObject({
      status: 421,
      code: 'MISDIRECTED_REQUEST',
      message: `this platform is not known as '${host}'; use its address, or add the name to CLOUD_HOSTS`,
    });
  });

  it('is looked at first: whatever is asked for, and by whomever', async () => {
    const headers = { host: 'evil.example.com', origin: 'http://evil.example.com' };
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/nowhere'],
      ['GET', '/health'],
      ['GET', '/openapi.json'],
      ['GET', '/console/'],
      ['OPTIONS', '/vpcs'],
      ['POST', '/auth/login'],
    ] as const) {
      const answer = await api.send(method, path, { headers });
      expect([path, answer.status]).toEqual([path, 421]);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('is missing in HTTP/1.0, which no browser speaks, and required in HTTP/1.1', async () => {
    const url = new URL(api.url);
    const ask = (head: string) =>
      new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(Number(url.port), url.hostname, () => socket.end(head));
        socket.on('data', (chunk) => {
          text += chunk.toString();
        });
        socket.on('error', reject).on('close', () => resolve(text.split('\r\n')[0]!));
      });
    expect(await ask('GET /health/live HTTP/1.0\r\n\r\n')).toContain('200');
    expect(await ask('GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n')).toContain('400');
    expect(await ask('GET /health/live HTTP/1.0\r\nhost: evil.example.com\r\n\r\n')).toContain('421');
  });
});

describe('behind a proxy', () => {
  const ask = async (headers: Record<string, string>) =>
    (await behind.api.send('GET', '/auth/me', { key: behind.owner.key, headers })).status;

  it('that is trusted, what the browser asked for is looked at, too', async () => {
    expect(await ask({ 'x-forwarded-host': 'cloud.example.com' })).toBe(200);
    expect(await ask({ 'x-forwarded-host': 'evil.example.com' })).toBe(421);
    expect(await ask({ 'x-forwarded-host': 'cloud.example.com, evil.example.com' })).toBe(421);
    // A page whose name leads to the proxy could send the header itself.
    expect(await ask({ host: 'evil.example.com', 'x-forwarded-host': 'cloud.example.com' })).toBe(421);
  });

  it('that is not trusted, what it says of the host counts for nothing', async () => {
    const headers = { host: 'evil.example.com', 'x-forwarded-host': 'cloud.example.com' };
    expect((await api.send('GET', '/auth/me', { key: owner.key, headers })).status).toBe(421);
  });
});
