import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as sqsClient from '@aws-sdk/client-sqs';
import { linkModel, loadModel, modelOfClient, readSmithyModel, type SmithyAst } from '../src/index.ts';
import { ask } from './support/echo.ts';

const own = JSON.parse(readFileSync(new URL('../examples/notes.model.json', import.meta.url), 'utf8')) as SmithyAst;

/** A model with one operation, Act, whose input and output are `members`. */
function model(protocols: Record<string, object>, members: object, more: object = {}, http?: object): SmithyAst {
  return {
    smithy: '2.0',
    shapes: {
      'a.b#Acts': {
        type: 'service',
        version: '2026-01-01',
        operations: [{ target: 'a.b#Act' }],
        traits: {
          'aws.auth#sigv4': { name: 'acts' },
          'smithy.api#xmlNamespace': { uri: 'http://acts/' },
          ...protocols,
        },
      },
      'a.b#Act': {
        type: 'operation',
        input: { target: 'a.b#InAndOut' },
        output: { target: 'a.b#InAndOut' },
        errors: [{ target: 'a.b#Wrong' }],
        ...(http ? { traits: { 'smithy.api#http': http } } : {}),
      },
      'a.b#InAndOut': { type: 'structure', members },
      'a.b#Wrong': {
        type: 'structure',
        members: { message: { target: 'smithy.api#String' } },
        traits: {
          'smithy.api#error': 'client',
          'smithy.api#httpError': 409,
          'aws.protocols#awsQueryError': { code: 'Acts.Wrong', httpResponseCode: 410 },
        },
      },
      ...more,
    },
  };
}

const json = (ast: SmithyAst, body: object) =>
  ask(readSmithyModel(ast), {
    headers: { 'x-amz-target': 'Acts.Act', 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  });
const JSON_1_0 = { 'aws.protocols#awsJson1_0': {} };

describe('a service of a Smithy model', () => {
  it('has the operations of its resources, and its errors', () => {
    const read = readSmithyModel(own);
    expect(read.operationNames).toEqual(['PutNote', 'GetNote', 'ListNotes']);
    expect([...read.errorNames].sort()).toEqual(['NoSuchNote', 'TooManyNotes']);
    expect(read).toMatchObject({ id: 'notes', serviceId: 'Notes', signingName: 'notes', protocols: ['restJson1'] });
  });

  it('has values of every type in JSON', async () => {
    const ast = model(
      JSON_1_0,
      {
        when: { target: 'smithy.api#Timestamp', traits: { 'smithy.api#timestampFormat': 'date-time' } },
        seconds: { target: 'a.b#Seconds' },
        bytes: { target: 'smithy.api#Blob' },
        any: { target: 'smithy.api#Document' },
        big: { target: 'smithy.api#BigInteger' },
        yes: { target: 'smithy.api#PrimitiveBoolean' },
        ratio: { target: 'smithy.api#Double' },
        either: { target: 'a.b#Either' },
        holes: { target: 'a.b#Holes' },
        tree: { target: 'a.b#Tree' },
      },
      {
        'a.b#Seconds': { type: 'timestamp', traits: { 'smithy.api#timestampFormat': 'epoch-seconds' } },
        'a.b#Either': {
          type: 'union',
          members: { one: { target: 'smithy.api#String' }, two: { target: 'smithy.api#Integer' } },
        },
        'a.b#Holes': {
          type: 'map',
          key: { target: 'smithy.api#String' },
          value: { target: 'smithy.api#String' },
          traits: { 'smithy.api#sparse': {} },
        },
        'a.b#Tree': {
          type: 'structure',
          members: { name: { target: 'smithy.api#String' }, below: { target: 'a.b#Trees' } },
        },
        'a.b#Trees': { type: 'list', member: { target: 'a.b#Tree' } },
      },
    );
    const sent = {
      when: '2026-01-02T03:04:05Z',
      seconds: 5,
      bytes: 'aGk=',
      any: { a: [1] },
      yes: true,
      ratio: 'NaN',
      either: { two: 2 },
      holes: { a: null },
      tree: { name: 'x', below: [{ name: 'y' }] },
    };
    const { input, answer } = await json(ast, sent);
    expect(input).toMatchObject({
      when: new Date('2026-01-02T03:04:05Z'),
      seconds: new Date(5000),
      bytes: Buffer.from('hi'),
      ratio: Number.NaN,
    });
    expect(JSON.parse(answer)).toEqual(sent);
    expect((await json(ast, { either: { one: 'a', two: 2 } })).status).toBe(400);
  });

  it.each([
    ['required', { text: undefined }],
    ['length', { text: '' }],
    ['range', { text: 'a', count: 11 }],
    ['whole numbers', { text: 'a', count: 1.5 }],
    ['enum', { text: 'a', colour: 'RED' }],
    ['enum of Smithy 1.0', { text: 'a', shade: 'grey' }],
    ['pattern of a list', { text: 'a', names: ['ok', 'NO'] }],
    ['keys of a map', { text: 'a', map: { toolong: 'x' } }],
  ])('holds inputs to %s', async (_what, input) => {
    const ast = model(
      JSON_1_0,
      {
        count: { target: 'a.b#Count' },
        colour: { target: 'a.b#Colour' },
        shade: { target: 'a.b#Shade' },
        names: { target: 'a.b#Names' },
        map: { target: 'a.b#Map' },
        text: { target: 'smithy.api#String', traits: { 'smithy.api#required': {}, 'smithy.api#length': { min: 1 } } },
      },
      {
        'a.b#Count': { type: 'integer', traits: { 'smithy.api#range': { min: 1, max: 10 } } },
        'a.b#Colour': {
          type: 'enum',
          members: { RED: { target: 'smithy.api#Unit', traits: { 'smithy.api#enumValue': 'red' } } },
        },
        'a.b#Shade': { type: 'string', traits: { 'smithy.api#enum': [{ value: 'light' }, { value: 'dark' }] } },
        'a.b#Names': {
          type: 'list',
          member: { target: 'smithy.api#String', traits: { 'smithy.api#pattern': '^[a-z]+$' } },
        },
        'a.b#Map': {
          type: 'map',
          key: { target: 'smithy.api#String', traits: { 'smithy.api#length': { max: 3 } } },
          value: { target: 'smithy.api#String' },
        },
      },
    );
    expect(
      (await json(ast, { text: 'a', count: 10, colour: 'red', shade: 'dark', names: ['ok'], map: { a: 'b' } })).status,
    ).toBe(200);
    const { status, answer } = await json(ast, input);
    expect([status, JSON.parse(answer)]).toMatchObject([400, { __type: 'ValidationException' }]);
  });

  it('takes members of mixins, with the traits that are applied to them', async () => {
    const ast = model(
      JSON_1_0,
      { own: { target: 'smithy.api#String' } },
      {
        'a.b#InAndOut': {
          type: 'structure',
          members: { own: { target: 'smithy.api#String' } },
          mixins: [{ target: 'a.b#Mixed' }],
        },
        'a.b#Mixed': {
          type: 'structure',
          members: { mixed: { target: 'smithy.api#String' } },
          traits: { 'smithy.api#mixin': {} },
        },
        'a.b#InAndOut$mixed': { type: 'apply', traits: { 'smithy.api#required': {} } },
      },
    );
    expect((await json(ast, { own: 'a' })).status).toBe(400);
    expect((await json(ast, { own: 'a', mixed: 'b' })).input).toEqual({ own: 'a', mixed: 'b' });
  });

  it('speaks query, with its names, lists and errors', async () => {
    const ast = model(
      { 'aws.protocols#awsQuery': {}, 'aws.protocols#awsQueryCompatible': {} },
      {
        plain: { target: 'a.b#Texts' },
        flat: { target: 'a.b#Texts', traits: { 'smithy.api#xmlFlattened': {}, 'smithy.api#xmlName': 'Flat' } },
      },
      {
        'a.b#Texts': {
          type: 'list',
          member: { target: 'smithy.api#String', traits: { 'smithy.api#xmlName': 'item' } },
        },
      },
    );
    const form = 'Action=Act&Version=2026-01-01&plain.item.1=a&plain.item.2=b&Flat.1=c';
    const { input, answer } = await ask(readSmithyModel(ast), {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form,
    });
    expect(input).toEqual({ plain: ['a', 'b'], flat: ['c'] });
    expect(answer).toContain(
      '<ActResponse xmlns="http://acts/"><ActResult><plain><item>a</item><item>b</item></plain><Flat>c</Flat></ActResult>',
    );
    expect(readSmithyModel(ast).error('Wrong')?.traits).toMatchObject({
      awsQueryError: ['Acts.Wrong', 410],
      httpError: 409,
    });
  });

  it('speaks rest-xml, bound to path, query, headers and payload', async () => {
    const text = { target: 'smithy.api#String' };
    const ast = model(
      { 'aws.protocols#restXml': {} },
      {
        id: { ...text, traits: { 'smithy.api#httpLabel': {}, 'smithy.api#required': {} } },
        page: { ...text, traits: { 'smithy.api#httpQuery': 'p' } },
        meta: { target: 'a.b#Meta', traits: { 'smithy.api#httpPrefixHeaders': 'x-meta-' } },
        body: { target: 'a.b#Body', traits: { 'smithy.api#httpPayload': {} } },
      },
      {
        'a.b#Meta': { type: 'map', key: text, value: text },
        'a.b#Body': {
          type: 'structure',
          members: {
            kind: { ...text, traits: { 'smithy.api#xmlAttribute': {} } },
            name: { ...text, traits: { 'smithy.api#xmlName': 'Name' } },
          },
        },
      },
      { method: 'PUT', uri: '/things/{id}' },
    );
    const { input, answer } = await ask(readSmithyModel(ast), {
      method: 'PUT',
      url: '/things/a%20b?p=2',
      headers: { 'x-meta-one': '1' },
      body: '<Body kind="k"><Name>n</Name></Body>',
    });
    expect(input).toEqual({ id: 'a b', page: '2', meta: { one: '1' }, body: { kind: 'k', name: 'n' } });
    expect(answer).toContain('kind="k"><Name>n</Name></Body>');
  });

  it('streams bodies that the model says are streams', () => {
    const blob = { 'a.b#Stream': { type: 'blob', traits: { 'smithy.api#streaming': {} } } };
    const members = { body: { target: 'a.b#Stream', traits: { 'smithy.api#httpPayload': {} } } };
    const read = readSmithyModel(model({ 'aws.protocols#restJson1': {} }, members, blob, { method: 'POST', uri: '/' }));
    expect(read.operation('Act').input?.members[0]?.shape).toEqual({ kind: 'blob', streaming: true });
  });

  it('takes a pattern with escapes that need not be', async () => {
    const own = readSmithyModel(
      model(JSON_1_0, { a: { target: 'smithy.api#String', traits: { 'smithy.api#pattern': '^[a\\_]+$' } } }),
    );
    const headers = { 'x-amz-target': 'Acts.Act' };
    expect(await ask(own, { headers, body: '{"a":"a_"}' })).toMatchObject({ status: 200 });
    expect(await ask(own, { headers, body: '{"a":"b"}' })).toMatchObject({ status: 400 });
  });

  it.each<[string, SmithyAst, RegExp]>([
    ['no AST', { smithy: '2.0' } as SmithyAst, /expected a JSON AST/],
    ['no service', { smithy: '2.0', shapes: {} }, /0 services/],
    ['no protocol', model({}, {}), /a\.b#Acts: none of its traits is a protocol of awsJson1_0/],
    ['a shape that is not there', model(JSON_1_0, { a: { target: 'a.b#Gone' } }), /no shape a\.b#Gone/],
    ['a shape that holds no value', model(JSON_1_0, { a: { target: 'a.b#Act' } }), /a\.b#Act is of type operation/],
    [
      'a pattern of another language',
      model(JSON_1_0, { a: { target: 'smithy.api#String', traits: { 'smithy.api#pattern': '^(?>a)$' } } }),
      /smithy\.api#String: the pattern \^\(\?>a\)\$ is not a valid JavaScript pattern/,
    ],
  ])('says what is wrong with a model that has %s', (_what, ast, words) => {
    expect(() => readSmithyModel(ast)).toThrow(words);
  });
});

describe("a service of an SDK's client", () => {
  it('is the one that comes with the package, but for what only older clients need', () => {
    const read = linkModel(modelOfClient(sqsClient));
    const shipped = loadModel('sqs');
    expect(read.operationNames).toEqual(shipped.operationNames);
    expect(read).toMatchObject({ id: 'sqs', signingName: 'sqs', protocols: ['awsJson1_0'], target: 'AmazonSQS' });
    expect(shipped.protocols).toContain('awsQuery');
  });

  it('needs a module that is one', () => {
    expect(() => modelOfClient({})).toThrow(/exports no client/);
  });
});
