import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { AwsServer, loadModel, Service } from '../src/index.ts';
import { loadConstraints } from '../src/model/constraints.ts';
import { KEY } from './support/harness.ts';
import { sign } from './support/sign.ts';

const SERVICES = ['sqs', 'ec2', 'dynamodb'] as const;

/** Small requests that would take much: time, or memory. */
describe('requests that would take more than they are worth', { timeout: 60_000 }, () => {
  const server = new AwsServer<string>({
    services: SERVICES.map((id) => new Service<string>(loadModel(id), handlersOf(id))),
    credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: 'p' }),
  });
  function handlersOf(id: (typeof SERVICES)[number]) {
    return Object.fromEntries(loadModel(id).operationNames.map((name) => [name, () => ({})]));
  }
  async function timed(service: string, headers: Record<string, string>, body: string) {
    const request = sign(service, 'POST', '/', headers, Buffer.from(body));
    const started = performance.now();
    const { status } = await server.handle(request);
    return { status, ms: performance.now() - started };
  }

  it('a form whose names spell more nodes than are allowed', async () => {
    let body = 'Action=DescribeInstances&Version=2016-11-15';
    for (let i = 0; i < 6000; i++) body += `&a${i}${'.b'.repeat(100)}=`;
    const { status } = await timed('ec2', { 'content-type': 'application/x-www-form-urlencoded' }, body);
    expect(status).toBe(400);
  });

  it.each([
    ['nested', `${'['.repeat(2e6)}${']'.repeat(2e6)}`],
    ['nested under a name', `{"a":${'['.repeat(2e6)}${']'.repeat(2e6)}}`],
    ['many', `{"a":[${'[],'.repeat(1e6)}[]]}`],
    ['many, behind quotes', `{"a":"\\\\\\"[","b":[${'{},'.repeat(1e6)}[]]}`],
  ])('JSON: %s', async (_what, body) => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };
    const { status, ms } = await timed('sqs', headers, body);
    expect(status).toBe(400);
    expect(ms).toBeLessThan(500);
  });

  it('JSON: a batch of long lists is no bomb', async () => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.BatchWriteItem',
    };
    const L = Array.from({ length: 3072 }, (_, i) => ({ N: String(i / 7) }));
    const put = { PutRequest: { Item: { L: { L } } } };
    const text = JSON.stringify({ RequestItems: { table: Array.from({ length: 25 }, () => put) } });
    expect(text.length).toBeGreaterThan(1e6);
    expect((await timed('dynamodb', headers, text)).status).toBe(200);
  });

  it('JSON: long text is no bomb, whatever it holds', async () => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' };
    const text = JSON.stringify({ QueueUrl: 'q', MessageBody: '[{,"\\'.repeat(100_000) });
    expect((await timed('sqs', headers, text)).status).toBe(200);
  });

  it('the body of an unsigned request, where it must be signed', async () => {
    let read = 0;
    const body = new Readable({
      read() {
        read += 1 << 16;
        this.push(read > 4 << 20 ? null : Buffer.alloc(1 << 16, ' '));
      },
    });
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };
    const { status } = await server.handle({ method: 'POST', url: '/', headers, body });
    expect(status).toBe(400);
    expect(read).toBeLessThan(1 << 18);
  });

  it('an Authorization header that makes the search for its scope begin again and again', async () => {
    const request = sign('sqs', 'POST', '/', {}, Buffer.alloc(0));
    const started = performance.now();
    for (const evil of ['Credential='.repeat(6000), 'Credential=/20200101/a'.repeat(3000)])
      await server.handle({ ...request, headers: { ...request.headers, authorization: evil } });
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('a value that a pattern would try to match in endless ways', async () => {
    const patterns = new Map<string, { pattern: RegExp; max: number }>();
    for (const file of readdirSync(new URL('../overlay/constraints/', import.meta.url))) {
      for (const [, { pattern, max }] of loadConstraints(file.replace('.json', '')))
        if (pattern) patterns.set(pattern.source, { pattern, max: Math.min(max ?? 20_000, 20_000) });
    }
    expect(patterns.size).toBeGreaterThan(50);
    const pieces = [
      'a',
      '0',
      '-',
      '.',
      '/',
      ':',
      ' ',
      '_',
      '@',
      '=',
      '*',
      'aA',
      'a-',
      'a.',
      'a/',
      'a:',
      'a=',
      '\t ',
      'arn:',
      'arn:aws:',
    ];
    const slow: string[] = [];
    for (const [source, { pattern, max }] of patterns) {
      // Shorter ones first: an exponential pattern shows itself before it takes for ever.
      const tries = [22, 26, 200, max].flatMap((length) =>
        pieces.flatMap((piece) =>
          ['', '!', '\u0001', '\n'].map((end) => piece.repeat(length).slice(0, Math.min(length, max) - 1) + end),
        ),
      );
      const takes = (text: string): number => {
        const started = performance.now();
        pattern.test(text);
        return performance.now() - started;
      };
      // Twice, since another process may have had the core.
      const worst = tries.find((text) => takes(text) > 50 && takes(text) > 50);
      if (worst !== undefined) slow.push(source);
    }
    expect(slow).toEqual([]);
  });

  it('the patterns that stand in for such ones match the same', () => {
    for (const [service, member, original] of [
      ['eventbridge', 'ConnectionHeaderParameter.Value', /^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$/],
      [
        'eventbridge',
        'CreateConnectionApiKeyAuthRequestParameters.ApiKeyName',
        /^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$/,
      ],
      ['dynamodb', 'S3BucketSource.S3Bucket', /^[a-z0-9A-Z]+[.\-\w]*[a-z0-9A-Z]+$/],
    ] as const) {
      const used = loadConstraints(service).get(member)?.pattern as RegExp;
      expect(used.source).not.toBe(original.source);
      const letters = [' ', '\t', 'a', '.', ':', '\n', 'é', '\x7f'];
      let texts = [''];
      for (let length = 0; length < 5; length++) {
        for (const text of texts) expect([text, used.test(text)]).toEqual([text, original.test(text)]);
        texts = texts.flatMap((text) => letters.map((letter) => text + letter));
      }
    }
  });
});
