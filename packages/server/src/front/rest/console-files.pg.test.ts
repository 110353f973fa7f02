import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';

const PAGE = '<!doctype html><title>The Cloud</title>';
const SCRIPT = 'export const words = "a script that is long enough to be worth compressing";'.repeat(20);

/** A build as the set-up leaves it. */
function makeBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tc-console-'));
  mkdirSync(join(folder, 'assets'));
  for (const [name, text] of [
    ['index.html', PAGE],
    ['icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['assets/index-D0C5O56t.js', SCRIPT],
    ['notes.unknown', 'of no type that is served'],
  ] as const) {
    writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(text));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(text));
  }
  writeFileSync(join(folder, 'assets/font-AbCdEf12.woff2'), 'a font');
  return folder;
}

const folder = makeBuild();
afterAll(() => rmSync(folder, { recursive: true }));
const { api } = await setUpApi({ consoleDir: folder });
// What is served is what was there at the start.
rmSync(join(folder, 'icon.svg'));

const get = (path: string, headers: Record<string, string> = {}) => api.send('GET', path, { headers });

describe('the console', () => {
  it('is what a browser is led to', async () => {
    for (const path of ['/', '/console']) {
      const answer = await get(path);
      expect([answer.status, answer.headers['location']]).toEqual([302, '/console/']);
    }
    expect((await get('/console?next=1')).headers['location']).toBe('/console/?next=1');
    expect((await api.send('HEAD', '/')).status).toBe(302);
    expect(await api.send('POST', '/')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, OPTIONS' } });
  });

  it.each(['/console/', '/console/t/main/instances/web', '/console/t/a/instances/v1.2', '/console/login?next=%2Fx'])(
    'answers its page at %s, never from an old copy',
    async (path) => {
      const answer = await get(path);
      expect([answer.status, answer.text]).toEqual([200, PAGE]);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        etag: expect.stringMatching(/^W\/"[\w-]{22}"$/),
      });
      const again = await get(path, { 'if-none-match': String(answer.headers['etag']) });
      expect([again.status, again.text]).toEqual([304, '']);
      expect((await get(path, { 'if-none-match': 'W/"other"' })).status).toBe(200);
    },
  );

  it('has files that never change under their name, and says of one that is gone that it is', async () => {
    const script = await get('/console/assets/index-D0C5O56t.js');
    expect([script.status, script.text]).toEqual([200, SCRIPT]);
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await get('/console/assets/font-AbCdEf12.woff2')).headers['content-type']).toBe('font/woff2');
    expect((await get('/console/icon.svg')).headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'no-cache',
    });
    expect(await get('/console/assets/index-00000000.js')).toMatchObject({
      status: 404,
      message: "the console has no file 'assets/index-00000000.js'; reload the page",
      headers: { 'cache-control': 'no-store' },
    });
  });

  it.each([
    ['br', 'gzip, deflate, br, zstd'],
    ['br', 'BR;q=0.5, gzip;q=1'],
    ['gzip', 'gzip'],
    ['gzip', 'br;q=0, gzip'],
    ['', 'identity'],
    ['', 'deflate'],
    ['', ''],
  ])('is compressed beforehand: %j for a client that takes %j', async (encoding, accepted) => {
    const url = `${api.url}/console/assets/index-D0C5O56t.js`;
    const answered = await request(url, { headers: { 'accept-encoding': accepted } });
    const body = Buffer.from(await answered.body.arrayBuffer());
    expect(answered.headers['content-encoding'] ?? '').toBe(encoding);
    expect(answered.headers['vary']).toBe('Accept-Encoding');
    expect(Number(answered.headers['content-length'])).toBe(body.length);
    const plain = encoding === 'br' ? brotliDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body;
    expect(plain.toString()).toBe(SCRIPT);
  });

  it('runs no script and loads nothing from elsewhere, is in nobody else’s frame, and is not for search engines', async () => {
    for (const path of ['/console/', '/console/t/main', '/console/assets/index-D0C5O56t.js', '/console/icon.svg']) {
      const { headers } = await get(path);
      expect(headers).toMatchObject({
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['permissions-policy']).toContain('camera=()');
      expect(headers).not.toHaveProperty('set-cookie');
    }
    expect((await get('/robots.txt')).text).toBe('User-agent: *\nDisallow: /\n');
  });

  it('never leaves its folder, whatever a path holds', async () => {
    const url = new URL(api.url);
    /** As it is written: a client would tidy it up. */
    const ask = (path: string) =>
      new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(Number(url.port), url.hostname, () =>
          socket.end(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`),
        );
        socket.on('data', (chunk) => {
          text += chunk.toString();
        });
        socket.on('error', reject).on('close', () => resolve(text));
      });
    for (const path of [
      '/console/../../../../etc/passwd',
      '/console/..%2f..%2f..%2fetc%2fpasswd',
      '/console/%2e%2e/%2e%2e/etc/passwd',
      '/console/....//....//etc/passwd',
      '/console//etc/passwd',
      '/console/assets/../../../etc/passwd',
      '/console/assets/..%5c..%5cetc',
      '/console/index.html%00.js',
      '/console/__proto__',
      '/console/constructor',
      '/console/assets/index-D0C5O56t.js.br',
      '/console/notes.unknown',
    ]) {
      const answer = await ask(path);
      expect([path, answer.includes('root:'), answer.includes('of no type')]).toEqual([path, false, false]);
      expect([path, /^HTTP\/1\.1 (200|400|404) /.test(answer)]).toEqual([path, true]);
      if (answer.startsWith('HTTP/1.1 200')) expect(answer).toContain(PAGE);
    }
  });

  it('has no more in memory than is bound: a build beyond that is not served, and the log says why', async () => {
    const large = makeBuild();
    onTestFinished(() => rmSync(large, { recursive: true }));
    truncateSync(join(large, 'assets/font-AbCdEf12.woff2'), 33 * 1024 * 1024);
    const { api: without } = await setUpApi({ consoleDir: large });
    expect((await without.send('GET', '/console/')).status).toBe(503);
    expect(without.logLines.join('')).toContain('the console has more bytes than the API holds');
  });

  it('whose files are gone when the API starts again is not served, and the API serves all else', async () => {
    const gone = join(folder, 'gone');
    const { api: without, owner } = await setUpApi({ consoleDir: gone });
    expect((await without.send('GET', '/console/')).status).toBe(503);
    expect((await without.send('GET', '/auth/me', { key: owner.key })).status).toBe(200);
    expect(without.logLines.join('')).toContain('the files of the console cannot be read');
  });

  it('that is not built says how to build it, and the API serves all else', async () => {
    const { api: without, owner } = await setUpApi();
    const answer = await without.send('GET', '/console/t/main');
    expect([answer.status, answer.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8']);
    expect(answer.text).toContain('node scripts/console.mjs');
    expect((await without.send('GET', '/auth/me', { key: owner.key })).status).toBe(200);
  });
});
