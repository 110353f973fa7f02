import { describe, expect, it } from 'vitest';
import { type BotocoreModel, readBotocoreModel } from '../src/index.ts';
import { ask } from './support/echo.ts';

describe('a service of a botocore model', () => {
  const metadata = { apiVersion: '2026-01-01', endpointPrefix: 'acts', serviceId: 'Acts', targetPrefix: 'Acts' };
  const shapes: BotocoreModel['shapes'] = {
    Text: { type: 'string', min: 1, max: 5, pattern: '^[a-z]+$' },
    Colour: { type: 'string', enum: ['red', 'blue'] },
    Count: { type: 'integer', min: 1, max: 3 },
    Texts: { type: 'list', member: { shape: 'Text', locationName: 'item' }, max: 2 },
    InAndOut: {
      type: 'structure',
      required: ['text'],
      members: {
        count: { shape: 'Count', location: 'querystring', locationName: 'n' },
        text: { shape: 'Text' },
        colour: { shape: 'Colour' },
        texts: { shape: 'Texts' },
        flat: { shape: 'Texts', flattened: true },
      },
    },
    Wrong: {
      type: 'structure',
      members: { message: { shape: 'Text' } },
      exception: true,
      error: { code: 'Acts.Wrong', httpStatusCode: 410, senderFault: true },
    },
    Broken: { type: 'structure', members: {}, exception: true, fault: true },
  };
  const read = (protocol: string, more: object = {}) =>
    readBotocoreModel({
      metadata: { ...metadata, ...more, protocol },
      operations: {
        Act: {
          http: { method: 'POST', requestUri: '/acts', responseCode: 202 },
          input: { shape: 'InAndOut' },
          output: { shape: 'InAndOut' },
          errors: [{ shape: 'Wrong' }, { shape: 'Broken' }],
        },
      },
      shapes,
    });

  it.each([
    ['rest-json', '{"text":"abc","texts":["a"]}', 202, { text: 'abc', texts: ['a'], count: 2 }],
    ['rest-xml', '<InAndOut><text>abc</text><item>a</item></InAndOut>', 202, { text: 'abc', flat: ['a'], count: 2 }],
    ['json', '{"text":"abc","count":2}', 200, { text: 'abc', count: 2 }],
    [
      'query',
      'Action=Act&Version=2026-01-01&text=abc&item.1=a&texts.item.1=b',
      200,
      { text: 'abc', flat: ['a'], texts: ['b'] },
    ],
    ['ec2', 'Action=Act&Version=2026-01-01&Text=abc&Texts.1=b', 200, { text: 'abc', texts: ['b'] }],
  ])('speaks %s', async (protocol, body, status, input) => {
    const isForm = body.startsWith('Action');
    const headers: Record<string, string> = isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
    if (protocol === 'json') headers['x-amz-target'] = 'Acts.Act';
    const url = protocol.startsWith('rest') ? '/acts?n=2' : '/';
    const got = await ask(read(protocol), { url, headers, body });
    expect([got.status, got.input]).toEqual([status, input]);
  });

  it('has every protocol that it names, the errors, and their codes', () => {
    const model = read('query', { protocols: ['json', 'query', 'smithy-rpc-v2-cbor', 'other'], jsonVersion: '1.0' });
    expect(model.protocols).toEqual(['awsQuery', 'awsJson1_0', 'rpcv2Cbor']);
    expect(model.error('Wrong')?.traits).toEqual({
      error: 'client',
      httpError: 410,
      awsQueryError: ['Acts.Wrong', 410],
    });
    expect(model.error('Broken')?.traits).toEqual({ error: 'server' });
  });

  it.each([
    [{}],
    [{ text: 'toolong' }],
    [{ text: 'A' }],
    [{ text: 'a', colour: 'green' }],
    [{ text: 'a', count: 4 }],
    [{ text: 'a', count: 1.5 }],
    [{ text: 'a', texts: ['a', 'b', 'c'] }],
  ])('refuses %j', async (input) => {
    const { status } = await ask(read('json'), {
      headers: { 'x-amz-target': 'Acts.Act' },
      body: JSON.stringify(input),
    });
    expect(status).toBe(400);
  });

  it('says what is wrong with a model', () => {
    expect(() => readBotocoreModel({} as BotocoreModel)).toThrow(/expected a model of botocore/);
    expect(() => read('soap')).toThrow('no protocol of soap is known here');
    const lacking = {
      metadata: { ...metadata, protocol: 'json' },
      operations: { Act: { input: { shape: 'Gone' } } },
      shapes,
    };
    expect(() => readBotocoreModel(lacking)).toThrow('the model has no shape Gone');
  });
});
