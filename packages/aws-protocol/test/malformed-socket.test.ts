import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type WireRequest } from '../src/index.ts';
import { type Running, start } from './support/harness.ts';

import { sign } from './support/sign.ts';
import { random, spoil, services } from './support/malformed.ts';

describe('malformed requests over a socket', { timeout: 120_000 }, () => {
  let running: Running;
  beforeAll(async () => {
    running = await start(services());
  });
  afterAll(() => running.close());

  /** Sends raw bytes; gives the status line's number, or 0 when the connection closed without one. Never waits over 8 s. */
  function talk(bytes: string | Buffer, end: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = connect(running.port, '127.0.0.1');
      let seen = '';
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new Error(`no answer: ${bytes.toString('latin1').slice(0, 200)}`));
      }, 8000);
      const done = () => {
        clearTimeout(timer);
        socket.destroy();
        resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(seen)?.[1] ?? 0));
      };
      socket.on('data', (d: Buffer) => {
        seen += d.toString('latin1');
        if (seen.includes('\r\n\r\n') && !seen.startsWith('HTTP/1.1 100')) done();
      });
      socket.on('error', done);
      socket.on('close', done);
      socket.write(bytes);
      if (end) socket.end();
    });
  }
  const head = (request: WireRequest, more: string[] = []): string =>
    `${request.method} ${request.url} HTTP/1.1\r\n${[...Object.entries(request.headers).map(([k, v]) => `${k}: ${v}`), ...more].join('\r\n')}\r\n\r\n`;
  const json = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };

  it('answers bodies shorter and longer than promised, and duplicate headers', async () => {
    const body = Buffer.from('{}');
    const good = sign('sqs', 'POST', '/', json, body);
    expect(await talk(`${head(good, ['content-length: 2'])}{}`, false)).toBe(200);
    // Shorter: the peer closes before the end.
    expect(await talk(`${head(good, ['content-length: 10'])}{}`, true)).toBeLessThan(500);
    // Longer: what follows is another request, and not one.
    expect(await talk(`${head(good, ['content-length: 2'])}{}trailing rubbish\r\n\r\n`, false)).toBeLessThan(500);
    expect(await talk(`${head(good, ['content-length: 2', 'content-length: 3'])}{}`, false)).toBe(400);
    expect(await talk(`${head(good, ['content-length: 2', 'authorization: AWS4-HMAC-SHA256 x'])}{}`, false)).toBe(400);
    expect(await talk(`${head(good, ['content-length: 2', 'x-amz-date: 20200101T000000Z'])}{}`, false)).toBe(400);
    expect(await talk(`${head(good, ['content-length: 2', `x-big: ${'a'.repeat(20_000)}`])}{}`, false)).toBe(431);
    expect(await talk('GET / HTTP/1.1\r\nhost\r\n\r\n', false)).toBe(400);
    expect(await talk(`${head(good, ['transfer-encoding: chunked'])}zz\r\n`, false)).toBe(400);
    expect(running.errors).toEqual([]);
  });

  it('answers an upload that was refused without reading all of it', async () => {
    const wrong = sign('s3', 'PUT', '/bucket/key', {}, Buffer.alloc(0), 'UNSIGNED-PAYLOAD');
    const spoilt = {
      ...wrong,
      headers: { ...wrong.headers, authorization: (wrong.headers['authorization'] as string).replace(/.$/, 'z') },
    };
    const status = await talk(
      Buffer.concat([Buffer.from(head(spoilt, ['content-length: 50000000'])), Buffer.alloc(3 << 20)]),
      false,
    );
    expect(status).toBe(403);
    expect(running.errors).toEqual([]);
  });

  it('answers 300 streamed uploads with tampered chunks', async () => {
    for (let i = 0; i < 300; i++) {
      const trailer = random.chance(0.5);
      const headers: Record<string, string> = {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '8',
        ...(trailer ? { 'x-amz-trailer': 'x-amz-checksum-crc32' } : {}),
      };
      const request = sign(
        's3',
        'PUT',
        '/bucket/key',
        headers,
        Buffer.alloc(0),
        trailer ? 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' : 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      );
      const framed = trailer
        ? '8\r\nabcdefgh\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'
        : `8;chunk-signature=${'0'.repeat(64)}\r\nabcdefgh\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`;
      const spoilt = spoil(Buffer.from(framed));
      const status = await talk(
        Buffer.concat([Buffer.from(head(request, [`content-length: ${spoilt.length}`])), spoilt]),
        false,
      );
      expect([400, 403], `#${i} ${spoilt.toString('latin1')}`).toContain(status);
    }
    expect(running.errors).toEqual([]);
  });
});
