/** What the tests of malformed requests share: a server of every protocol, good requests, and ways to spoil them. */

import { expect } from 'vitest';
import { collect } from '../../src/body.ts';
import { encodeCbor } from '../../src/codec/cbor.ts';
import { AwsServer, loadModel, type ModelId, type Operation, Service, type WireResponse } from '../../src/index.ts';
import { KEY } from './harness.ts';
import { generate, Random, SKIP } from './random.ts';

export const SERVICES: readonly ModelId[] = [
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
export const errors: unknown[] = [];

/** Handlers that read what they are given, and answer nothing. */
export function services(): Service<string>[] {
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
export const server = new AwsServer<string>({
  services: services(),
  credentials: (id) => (id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'p' } : undefined),
  onError: (error) => errors.push(error),
});

export const random = new Random(4711);
export const OPTIONS = {
  maxDepth: 4,
  allowEmpty: true,
  blob: (bytes: Buffer) => bytes,
  fixed: (_s: unknown, m: { shape: { kind: string } }) => (m.shape.kind === 'document' ? SKIP : undefined),
};

export type Form = 'json' | 'query' | 'cbor' | 'restJson' | 'xml';

/** A well-formed request of one protocol, to be spoilt. */
export function wellFormed(form: Form): {
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

export const NASTY: readonly (string | Buffer)[] = [
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

export function spoil(body: Buffer): Buffer {
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
export function check(form: Form | 'any', answer: WireResponse, what: string): boolean {
  if (answer.status < 300) return false;
  expect(answer.status, what).toBeGreaterThanOrEqual(400);
  if (answer.status !== 501)
    expect(answer.status, `${what} ${Buffer.from(answer.body as string).toString('utf8')}`).toBeLessThan(500);
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
