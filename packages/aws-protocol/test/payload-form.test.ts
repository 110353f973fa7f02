import { describe, expect, it } from 'vitest';
import { collect } from '../src/body.ts';
import { AwsServer, loadModel, Service, type WireRequest } from '../src/index.ts';
import { KEY } from './support/harness.ts';
import { sign } from './support/sign.ts';

const server = new AwsServer({
  services: (['s3', 'lambda', 'sqs'] as const).map((id) => {
    const model = loadModel(id);
    const handler = async (input: Record<string, unknown>) => {
      const stream = input['Body'] ?? input['InvokeArgs'];
      if (stream) await collect(stream as never, 1 << 20);
      return {};
    };
    return new Service(model, Object.fromEntries(model.operationNames.map((name) => [name, handler])));
  }),
  credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: undefined }),
  allowAnonymous: () => true,
});
const codeOf = async (request: WireRequest): Promise<string> => {
  const { status, body, headers } = await server.handle(request);
  const text = String(body);
  return `${status} ${/<Code>(\w+)/.exec(text)?.[1] ?? headers['x-amzn-errortype'] ?? /"__type":"(\w+)/.exec(text)?.[1] ?? ''}`.trim();
};
const body = Buffer.from('{}');
const good = sign('s3', 'PUT', '/b/k', {}, body).headers['x-amz-content-sha256'] as string;

describe('a digest of the body that is of no known form', () => {
  const forms = [
    'garbage',
    good.toUpperCase(),
    good.slice(1),
    `${good}0`,
    ` ${good}`.repeat(2),
    'unsigned-payload',
    'STREAMING-',
    'STREAMING-MADE-UP',
    'N7UdGUp1E+RbVvZSTy1R8g==',
    '',
  ];

  it.each(forms)('%s is refused by S3, whatever operation', async (form) => {
    expect(await codeOf(sign('s3', 'PUT', '/b/k', {}, body, form))).toBe('400 InvalidArgument');
    expect(await codeOf(sign('s3', 'PUT', '/b/k?tagging', {}, body, form))).toBe('400 InvalidArgument');
    expect(
      await codeOf({
        method: 'PUT',
        url: '/b/k',
        headers: { host: 's3.amazonaws.com', 'x-amz-content-sha256': form },
        body,
      }),
    ).toBe('400 InvalidArgument');
  });

  it.each(forms)('%s is refused by other services, streamed or not', async (form) => {
    const json = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };
    expect(await codeOf(sign('sqs', 'POST', '/', json, body, form))).toBe('400 InvalidSignatureException');
    expect(await codeOf(sign('lambda', 'POST', '/2014-11-13/functions/f/invoke-async', {}, body, form))).toBe(
      '403 InvalidSignatureException',
    );
  });

  it.each(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'])(
    '%s leaves no body unsigned that is no stream, but for S3',
    async (form) => {
      const json = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };
      const chunked = Buffer.from(form === 'UNSIGNED-PAYLOAD' ? '{}' : '2\r\n{}\r\n0\r\n\r\n');
      expect(await codeOf(sign('sqs', 'POST', '/', json, chunked, form))).toBe('400 InvalidSignatureException');
      const length = { 'x-amz-decoded-content-length': '2' };
      expect(await codeOf(sign('s3', 'PUT', '/b/k', form === 'UNSIGNED-PAYLOAD' ? {} : length, chunked, form))).toBe(
        '200',
      );
    },
  );

  it('names the header and the value', async () => {
    const { body: text } = await server.handle(sign('s3', 'PUT', '/b/k', {}, body, 'garbage'));
    expect(text).toContain('<ArgumentName>x-amz-content-sha256</ArgumentName><ArgumentValue>garbage</ArgumentValue>');
  });

  it('known ones are taken, and hold', async () => {
    expect(await codeOf(sign('s3', 'PUT', '/b/k', {}, body))).toBe('200');
    expect(await codeOf(sign('s3', 'PUT', '/b/k', {}, body, 'UNSIGNED-PAYLOAD'))).toBe('200');
    expect(await codeOf(sign('s3', 'PUT', '/b/k', {}, body, '0'.repeat(64)))).toBe('400 XAmzContentSHA256Mismatch');
    expect(await codeOf(sign('s3', 'PUT', '/b/k', {}, body, 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'))).toBe(
      '400 InvalidRequest',
    );
  });
});
