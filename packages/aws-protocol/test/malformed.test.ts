import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

import { sign } from './support/sign.ts';
import { errors, server, random, wellFormed, spoil, check, type Form } from './support/malformed.ts';

describe('malformed requests, signed so that they get as far as they can', { timeout: 120_000 }, () => {
  it.each(['json', 'query', 'cbor', 'restJson', 'xml'] as const)('%s: 2,500 spoilt bodies', async (form) => {
    let refused = 0;
    for (let i = 0; i < 2500; i++) {
      const { service, method, url, headers, body } = wellFormed(form);
      const spoilt = spoil(body);
      const answer = await server.handle(sign(service, method, url, headers, spoilt));
      if (check(form, answer, `${form} #${i}: ${spoilt.toString('latin1').slice(0, 300)}`)) refused++;
    }
    expect(errors.splice(0)).toEqual([]);
    // Some spoilt bodies are still well-formed; most must not be.
    expect(refused).toBeGreaterThan(1200);
  });

  it('2,000 spoilt heads: paths, queries, headers', async () => {
    const junk = [
      '%',
      '%zz',
      '%C3',
      '%00',
      '/../..',
      '//',
      '?',
      '&&',
      '=',
      '?Action=',
      '?X-Amz-Signature=',
      '\u00ff',
      ';',
      ',',
      '..%2f',
      'x'.repeat(70_000),
      '?a=%',
      '?partNumber=x',
      '?partNumber=1e400',
      '?max-keys=-',
      '?versionId',
    ];
    for (let i = 0; i < 2000; i++) {
      const form = random.pick(['json', 'query', 'cbor', 'restJson', 'xml'] as const);
      const base = wellFormed(form);
      const cut = random.below(base.url.length + 1);
      const url = base.url.slice(0, cut) + random.pick(junk) + base.url.slice(cut);
      const request = sign(
        base.service,
        random.pick(['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'BREW']),
        `/${url.replace(/^\//, '')}`,
        base.headers,
        base.body,
      );
      const names = Object.keys(request.headers);
      if (random.chance(0.5))
        (request.headers as Record<string, string>)[random.pick(names)] = random.pick([
          ...junk,
          '',
          'AWS4-HMAC-SHA256 ',
          'a'.repeat(500),
        ]);
      check(
        'any',
        await server.handle(request),
        `${request.method} ${request.url.slice(0, 200)} ${JSON.stringify(request.headers).slice(0, 500)}`,
      );
    }
    expect(errors.splice(0)).toEqual([]);
  });

  it.each([
    [
      'json nested 100,000 deep',
      'json',
      {
        service: 'dynamodb',
        headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem', 'content-type': 'application/x-amz-json-1.0' },
        body: `{"TableName":"t","Item":{"a":${'{"L":['.repeat(100_000)}${']}'.repeat(100_000)}}}`,
      },
    ],
    [
      'a query nested deep',
      'query',
      {
        service: 'ec2',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `Action=DescribeInstances&Version=2016-11-15&Filter${'.1'.repeat(10_000)}=x`,
      },
    ],
    [
      'a query with 200,000 parameters',
      'query',
      {
        service: 'ec2',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `Action=DescribeInstances&Version=2016-11-15${'&a=b'.repeat(200_000)}`,
      },
    ],
    [
      'billion laughs',
      'xml',
      {
        service: 's3',
        url: '/b?tagging',
        method: 'PUT',
        headers: {},
        body: `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1000)}">]><Tagging>&b;</Tagging>`,
      },
    ],
    [
      'XML nested deep',
      'xml',
      {
        service: 's3',
        url: '/b?tagging',
        method: 'PUT',
        headers: {},
        body: `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`,
      },
    ],
    [
      'CBOR nested deep',
      'cbor',
      {
        service: 'monitoring',
        url: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
        headers: { 'smithy-protocol': 'rpc-v2-cbor' },
        body: Buffer.alloc(100_000, 0x81),
      },
    ],
    [
      'a body over the limit',
      'json',
      {
        service: 'dynamodb',
        headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem' },
        body: Buffer.alloc((16 << 20) + 1, 0x20),
      },
    ],
    [
      'gzip that is none',
      'json',
      {
        service: 'dynamodb',
        headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem', 'content-encoding': 'gzip' },
        body: 'plain',
      },
    ],
  ] as const)('%s', async (_name, form, request) => {
    const { service, headers, body, ...more } = request as {
      service: string;
      headers: Record<string, string>;
      body: string | Buffer;
      url?: string;
      method?: string;
    };
    const started = performance.now();
    const answer = await server.handle(
      sign(service, more.method ?? 'POST', more.url ?? '/', headers, Buffer.from(body as string)),
    );
    expect(check(form as Form, answer, _name)).toBe(true);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(errors.splice(0)).toEqual([]);
  });

  it('refuses a gzip bomb at the limit', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    const answer = await server.handle(
      sign('dynamodb', 'POST', '/', { 'x-amz-target': 'DynamoDB_20120810.PutItem', 'content-encoding': 'gzip' }, bomb),
    );
    expect(answer.status).toBe(413);
  });

  it('keeps memory flat', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const round = async (): Promise<number> => {
      for (let i = 0; i < 1200; i++) {
        const { service, method, url, headers, body } = wellFormed(
          random.pick(['json', 'query', 'cbor', 'restJson', 'xml'] as const),
        );
        await server.handle(sign(service, method, url, headers, spoil(body)));
      }
      gc();
      return process.memoryUsage().heapUsed;
    };
    await round();
    const before = await round();
    const after = await round();
    expect(after - before).toBeLessThan(4 << 20);
    errors.length = 0;
  });
});
