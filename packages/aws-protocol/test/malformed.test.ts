import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../src/body.ts';
import { encodeCbor } from '../src/codec/cbor.ts';
import {
  AwsServer,
  loadModel,
  type ModelId,
  type Operation,
  Service,
  type WireRequest,
  type WireResponse,
} from '../src/index.ts';
import { KEY, type Running, start } from './support/harness.ts';
import { generate, Random, SKIP } from './support/random.ts';
import { sign } from './support/sign.ts';

const SERVICES: readonly ModelId[] = [
  'sqs',
  'dynamodb',
  'secretsmanager',
  'sns',
  'ec2',
  'iam',
  'lambda',
  'scheduler',
  's3',
  'cloudwatch',
];
const errors: unknown[] = [];

/** Handlers that read what they are given, and answer nothing. */
function services(): Service<string>[] {
  return SERVICES.map((id) => {
    const model = loadModel(id);
    const handler = async (input: Record<string, unknown>) => {
      const body = input['Body'] as never;
      if (body !== undefined && typeof body === 'object' && 'pipe' in (body as object)) await collect(body, 1 << 20);
      return {};
    };
    return new Service<string>(model, Object.fromEntries(model.operationNames.map((name) => [name, handler])) as never);
  });
}
const server = new AwsServer<string>({
  services: services(),
  credentials: (id) => (id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'p' } : undefined),
  onError: (error) => errors.push(error),
});

const random = new Random(4711);
const OPTIONS = {
  maxDepth: 4,
  allowEmpty: true,
  blob: (bytes: Buffer) => bytes,
  fixed: (_s: unknown, m: { shape: { kind: string } }) => (m.shape.kind === 'document' ? SKIP : undefined),
};

type Form = 'json' | 'query' | 'cbor' | 'restJson' | 'xml';

/** A well-formed request of one protocol, to be spoilt. */
function wellFormed(form: Form): {
  service: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Buffer;
} {
  const pickInput = (
    id: ModelId,
    where: (o: Operation) => boolean = () => true,
  ): { operation: Operation; input: Record<string, unknown> } => {
    const model = loadModel(id);
    const names = model.operationNames.filter((name) => model.operation(name).input && where(model.operation(name)));
    const operation = model.operation(random.pick(names));
    return {
      operation,
      input: generate(operation.input as never, random, OPTIONS as never) as Record<string, unknown>,
    };
  };
  if (form === 'json') {
    const id = random.pick(['sqs', 'dynamodb', 'secretsmanager'] as const);
    const { operation, input } = pickInput(id);
    const model = loadModel(id);
    const text = JSON.stringify(input, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
        ? Buffer.from((value as { data?: number[] }).data ?? []).toString('base64')
        : value,
    );
    return {
      service: model.signingName,
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${model.target}.${operation.name}` },
      body: Buffer.from(text),
    };
  }
  if (form === 'cbor') {
    const { operation, input } = pickInput('cloudwatch');
    const target = loadModel('cloudwatch').target;
    return {
      service: 'monitoring',
      method: 'POST',
      url: `/service/${target}/operation/${operation.name}`,
      headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
      body: encodeCbor(operation.input as never, input),
    };
  }
  if (form === 'query') {
    const id = random.pick(['sqs', 'sns', 'ec2', 'iam'] as const);
    const model = loadModel(id);
    const { operation } = pickInput(id);
    const names = operation.input?.members.map((m) => m.traits.ec2QueryName ?? m.traits.xmlName ?? m.name) ?? [];
    const fields = names.flatMap((name) =>
      [`${name}=v%20${random.below(9)}`, `${name}.1=x`, `${name}.member.1.Key=y`, `${name}.1.Value.2=z`].slice(
        0,
        1 + random.below(4),
      ),
    );
    return {
      service: model.signingName,
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from([`Action=${operation.name}`, `Version=${model.version}`, ...fields].join('&')),
    };
  }
  if (form === 'restJson') {
    const body = {
      Name: 's',
      ScheduleExpression: 'rate(1 day)',
      Target: { Arn: 'a', RoleArn: 'r', Input: 'é' },
      FlexibleTimeWindow: { Mode: 'OFF' },
      StartDate: 1_700_000_000,
    };
    return {
      service: 'scheduler',
      method: 'POST',
      url: '/schedules/my%20name?x=%41',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    };
  }
  const xml =
    '<?xml version="1.0"?><Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>a&amp;b</Key><Value>1</Value></Tag><Tag><Key>c</Key><Value>&#x41;</Value></Tag></TagSet></Tagging>';
  return {
    service: 's3',
    method: 'PUT',
    url: '/bucket/key?tagging',
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(xml),
  };
}

const NASTY: readonly (string | Buffer)[] = [
  '{',
  '[',
  '"',
  '\\u12',
  '1e999',
  '-',
  'null',
  'true',
  '{"a":',
  ']',
  '}',
  '\0',
  '%',
  '%G1',
  '%C3%28',
  '%00',
  '&&&',
  '=',
  '.',
  '.1.1.1',
  '..',
  '.member.',
  '.999999999999.',
  '<',
  '>',
  '&',
  '</a>',
  '<a ',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '&b;',
  '<![CDATA[',
  '<!--',
  ']]>',
  '&#0;',
  '&#xFFFFFFF;',
  '<?pi?>',
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xc3, 0x28]),
  Buffer.from([0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0x5b, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0xbf]),
  Buffer.from([0xff]),
  Buffer.from([0x9f, 0x9f, 0x9f]),
  Buffer.from([0xc1, 0x60]),
  Buffer.from([0xdb, 1, 2]),
];

function spoil(body: Buffer): Buffer {
  let bytes = Buffer.from(body);
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(bytes.length + 1);
    const kind = random.below(6);
    if (kind === 0) bytes = bytes.subarray(0, at);
    else if (kind === 1 && bytes.length > 0) bytes[at % bytes.length] = random.below(256);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
    else if (kind === 3) {
      const nasty = random.pick(NASTY);
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(nasty as string), bytes.subarray(at)]);
    } else if (kind === 4) bytes = Buffer.concat([bytes, bytes.subarray(random.below(bytes.length + 1))]);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 20))]);
    bytes = Buffer.from(bytes);
  }
  return bytes;
}

/** The answer must be a success, or an error in the protocol's own form with a status of the caller's fault. */
function check(form: Form | 'any', answer: WireResponse, what: string): boolean {
  if (answer.status < 300) return false;
  expect(answer.status, what).toBeGreaterThanOrEqual(400);
  if (answer.status !== 501) expect(answer.status, `${what} ${String(answer.body)}`).toBeLessThan(500);
  const text = Buffer.from(answer.body as string).toString('utf8');
  if (form === 'json')
    expect(JSON.parse(text), what).toMatchObject({ __type: expect.any(String), message: expect.any(String) });
  if (form === 'restJson') {
    expect(answer.headers['x-amzn-errortype'], what).toBeTruthy();
    JSON.parse(text);
  }
  if (form === 'query') expect(text, what).toMatch(/<Error>(<Type>\w+<\/Type>)?<Code>[\w.]+<\/Code><Message>/);
  if (form === 'xml') expect(text, what).toMatch(/<Error><Code>\w+<\/Code><Message>/);
  if (form === 'cbor') expect(answer.headers['smithy-protocol'], what).toBe('rpc-v2-cbor');
  return true;
}

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
    expect([403, 0]).toContain(status);
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
