import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer, Agent as TlsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import Fastify, { type FastifyServerOptions } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awsPlugin } from '../src/adapters/fastify.ts';
import { deferContinue, nodeListener } from '../src/adapters/node-http.ts';
import { AwsServer, loadModel, type Service, serve } from '../src/index.ts';
import { KEY } from './support/harness.ts';
import { latestPython, run } from './support/install.ts';
import { s3InMemory } from './support/s3.ts';
import { sign } from './support/sign.ts';

const script = fileURLToPath(new URL('./support/refused_uploads.py', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'refused-uploads-'));
const keyFile = join(work, 'key.pem');
const certFile = join(work, 'cert.pem');
let tls: { key: Buffer; cert: Buffer };
let python = '';
beforeAll(async () => {
  python = await latestPython();
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await run('openssl', [...kind, ...name, '-keyout', keyFile, '-out', certFile]);
  tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
}, 600_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const s3 = s3InMemory();
const bucket = s3.handlers.CreateBucket?.({ Bucket: 'there' }, {} as never);
const makeServer = (): AwsServer<string> =>
  new AwsServer<string>({
    services: [serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), s3.handlers) as Service<string>],
    credentials: (id) =>
      id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'p' } : undefined,
  });

/** A server by one of the adapters, and how many bytes of bodies reached it. */
async function listen(adapter: 'node' | 'fastify', secure: boolean): Promise<{ url: string; port: number }> {
  await bucket;
  if (adapter === 'fastify') {
    const app = Fastify((secure ? { https: tls } : {}) as FastifyServerOptions);
    app.post('/own', (request) => ({ got: (request.body as string).length }));
    await app.register(awsPlugin(makeServer()));
    await app.listen({ port: 0, host: '127.0.0.1' });
    open.push(() => app.close());
    const { port } = app.server.address() as AddressInfo;
    return { url: `${secure ? 'https' : 'http'}://localhost:${port}`, port };
  }
  const listener = nodeListener(makeServer());
  const http = secure ? createTlsServer(tls, listener) : createServer(listener);
  http.on('checkContinue', deferContinue(listener));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  const { port } = http.address() as AddressInfo;
  return { url: `${secure ? 'https' : 'http'}://localhost:${port}`, port };
}

/** Sends a head, and the body only when told to continue; gives everything that came back. */
function expecting(port: number, head: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let seen = '';
    let sent = false;
    const timer = setTimeout(() => reject(new Error(`no answer: ${seen}`)), 5000);
    socket.on('data', (part: Buffer) => {
      seen += part.toString('latin1');
      if (!sent && seen.startsWith('HTTP/1.1 100 Continue\r\n\r\n')) {
        sent = true;
        socket.write(body);
      }
      const answer = seen.replace('HTTP/1.1 100 Continue\r\n\r\n', '');
      if (!answer.includes('\r\n\r\n')) return;
      clearTimeout(timer);
      socket.destroy();
      resolve(seen);
    });
    socket.on('error', reject);
    socket.write(head);
  });
}
function headOf(method: string, url: string, headers: Record<string, string>, length: number): string {
  const lines = { ...headers, 'content-length': String(length), expect: '100-continue' };
  return `${method} ${url} HTTP/1.1\r\n${Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
}

describe.each([
  ['node:http', 'node'],
  ['Fastify', 'fastify'],
] as const)('an upload that is refused, below %s', (_name, adapter) => {
  describe.each([
    ['plain', false],
    ['TLS', true],
  ] as const)('over %s', (_kind, secure) => {
    it('tells boto3 why, whatever its size, at each of 96 tries', { timeout: 120_000 }, async () => {
      const { url } = await listen(adapter, secure);
      const out = await run(python, [script, url, secure ? certFile : '-', '6'], { timeoutMs: 110_000 });
      expect(out.trim()).toBe('ok 96');
    });

    it('tells the JS SDK why, whatever its size, at each of 48 tries', { timeout: 120_000 }, async () => {
      const { url } = await listen(adapter, secure);
      const options = { region: 'us-east-1', endpoint: url, forcePathStyle: true, maxAttempts: 1 };
      const agent = secure ? { requestHandler: { httpsAgent: new TlsAgent({ ca: tls.cert }) } } : {};
      const wrong = new S3Client({ ...options, ...agent, credentials: { ...KEY, secretAccessKey: 'wrong' } });
      const right = new S3Client({ ...options, ...agent, credentials: KEY });
      for (let times = 0; times < 6; times++) {
        for (const size of [100_000, 900_000, 3_000_000, 8_000_000]) {
          const body = () => Buffer.alloc(size, 'x');
          await expect(
            wrong.send(new PutObjectCommand({ Bucket: 'there', Key: 'k', Body: body() })),
            `${size}`,
          ).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
          await expect(
            right.send(new PutObjectCommand({ Bucket: 'absent', Key: 'k', Body: body() })),
            `${size}`,
          ).rejects.toMatchObject({ name: 'NoSuchBucket' });
        }
      }
      await right.send(new PutObjectCommand({ Bucket: 'there', Key: 'k', Body: Buffer.alloc(3_000_000) }));
    });
  });

  it('is asked for its body only when it is wanted', async () => {
    const { port } = await listen(adapter, false);
    const good = sign('s3', 'PUT', '/there/k', {}, Buffer.alloc(0), 'UNSIGNED-PAYLOAD').headers;
    const absent = sign('s3', 'PUT', '/absent/k', {}, Buffer.alloc(0), 'UNSIGNED-PAYLOAD').headers;
    const wrong = {
      ...good,
      authorization: (good['authorization'] as string).replace(/.$/, (c) => (c === '0' ? '1' : '0')),
    };
    expect(await expecting(port, headOf('PUT', '/there/k', good, 5), 'hello')).toMatch(
      /^HTTP\/1.1 100 [^]*HTTP\/1.1 200 /,
    );
    // Clients read the status line that they wait for, so one comes before the answer to an empty body too.
    expect(await expecting(port, headOf('PUT', '/there/k', good, 0), '')).toMatch(/^HTTP\/1.1 100 [^]*HTTP\/1.1 200 /);
    expect(await expecting(port, headOf('PUT', '/there/k', wrong, 5), 'hello')).toMatch(/^HTTP\/1.1 403 /);
    expect(await expecting(port, headOf('PUT', '/absent/k', absent, 5), 'hello')).toMatch(/^HTTP\/1.1 404 /);
    expect(await expecting(port, headOf('PUT', '/there/k', { host: 'x' }, 5), 'hello')).toMatch(/^HTTP\/1.1 403 /);
    if (adapter === 'fastify') {
      const own = { host: 'x', 'content-type': 'text/plain' };
      expect(await expecting(port, headOf('POST', '/own', own, 5), 'hello')).toMatch(
        /^HTTP\/1.1 100 [^]*HTTP\/1.1 200 /,
      );
    }
  });
});

describe('the rest of a refused upload', () => {
  it('is read up to a bound, and then the connection closes', { timeout: 60_000 }, async () => {
    let taken = 0;
    const listener = nodeListener(makeServer());
    const counting: RequestListener = (incoming: IncomingMessage, outgoing) => {
      listener(incoming, outgoing);
      incoming.socket.on('close', () => (taken = incoming.socket.bytesRead));
    };
    const http = createServer(counting);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => http.close(resolve)));
    const { port } = http.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const seen: string[] = [];
    socket.on('data', (part) => seen.push(part.toString()));
    socket.write('PUT /there/k HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n');
    const piece = Buffer.alloc(1 << 20);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
      if (!socket.destroyed) socket.once('drain', more);
    };
    more();
    await closed;
    expect(seen.join('')).toMatch(/^HTTP\/1.1 403 /);
    await expect.poll(() => taken).toBeGreaterThan(32 << 20);
    expect(taken).toBeLessThan(40 << 20);
  });

  it.each([
    ['1 s, if nothing comes', 0, 900, 5_000],
    ['10 s at most, however slowly it comes', 300, 9_500, 20_000],
  ])('is waited for %s', { timeout: 60_000 }, async (_, everyMs, least, most) => {
    const http = createServer(nodeListener(makeServer()));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => http.close(resolve)));
    const started = performance.now();
    const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('PUT /there/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc');
    const more = everyMs > 0 ? setInterval(() => socket.write('x'), everyMs) : undefined;
    const answered = new Promise<number>((resolve) =>
      socket.once('data', (part: Buffer) => {
        expect(part.toString()).toMatch(/^HTTP\/1.1 403 /);
        resolve(performance.now() - started);
      }),
    );
    const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - started)));
    expect(await answered).toBeLessThan(5_000);
    const ms = await closed;
    clearInterval(more);
    expect(ms).toBeGreaterThan(least);
    expect(ms).toBeLessThan(most);
  });
});
