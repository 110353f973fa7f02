import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../src/codec/cbor.ts';
import { loadModel, type WireRequest } from '../src/index.ts';
import { sign } from './support/sign.ts';
import { EMPTY, seen, serverOf, told as toldBy } from './support/told.ts';

const server = serverOf([
  's3',
  'sqs',
  'sns',
  'iam',
  'ec2',
  'dynamodb',
  'lambda',
  'scheduler',
  'cloudwatch',
  'elastic-load-balancing-v2',
]);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const told = (request: WireRequest, by = server): Promise<string> => toldBy(request, by);
const query = (service: string, text: string) => sign(service, 'POST', '/', FORM, Buffer.from(text));

describe('a service that is not here', () => {
  const noXml = serverOf(['s3', 'sqs']);
  it.each([
    [
      'JSON, by its target',
      sign(
        'kms',
        'POST',
        '/',
        { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' },
        Buffer.from('{}'),
      ),
      '404 UnknownOperationException',
    ],
    [
      'JSON, by its type',
      sign('glue', 'POST', '/', { 'content-type': 'application/x-amz-json-1.1' }, Buffer.from('{}')),
      '404 UnknownOperationException',
    ],
    [
      'rest-json, with a body',
      sign('apigateway', 'POST', '/restapis', { 'content-type': 'application/json' }, Buffer.from('{}')),
      '404 UnknownOperationException',
    ],
    [
      'rest-json, without one',
      sign('lambda', 'GET', '/2015-03-31/functions', {}, EMPTY),
      '404 UnknownOperationException',
    ],
    ['rest-xml', sign('cloudfront', 'GET', '/2020-05-31/distribution', {}, EMPTY), '404 InvalidURI'],
    [
      'query',
      sign('rds', 'POST', '/', FORM, Buffer.from('Action=DescribeDBInstances&Version=2014-10-31')),
      '404 InvalidAction',
    ],
  ])('is told in the client’s own protocol: %s', async (_protocol, request, expected) => {
    expect(await told(request, noXml)).toBe(expected);
  });

  it('is told to a client of RPC v2 in CBOR', async () => {
    const head = { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' };
    const answer = await noXml.handle(
      sign('monitoring', 'POST', '/service/Other/operation/List', head, Buffer.from([0xa0])),
    );
    expect([answer.status, answer.headers['content-type']]).toEqual([404, 'application/cbor']);
  });
});

describe('a query call', () => {
  it.each([
    [
      'a list of one without its number',
      'sqs',
      'Action=GetQueueAttributes&QueueUrl=q&AttributeName=All',
      { QueueUrl: 'q', AttributeNames: ['All'] },
    ],
    [
      'a map of one without its number',
      'sqs',
      'Action=SetQueueAttributes&QueueUrl=q&Attribute.Name=DelaySeconds&Attribute.Value=5',
      { QueueUrl: 'q', Attributes: { DelaySeconds: '5' } },
    ],
    [
      'a struct without its number',
      'iam',
      'Action=TagUser&UserName=u&Tags.member.Key=a&Tags.member.Value=b',
      { UserName: 'u', Tags: [{ Key: 'a', Value: 'b' }] },
    ],
    [
      'an element without its number',
      'iam',
      'Action=UntagUser&UserName=u&TagKeys.member=a',
      { UserName: 'u', TagKeys: ['a'] },
    ],
    [
      'a filter of EC2 without its numbers',
      'ec2',
      'Action=DescribeVpcs&Filter.Name=tag:a&Filter.Value=b',
      { Filters: [{ Name: 'tag:a', Values: ['b'] }] },
    ],
    ['an empty list', 'iam', 'Action=UntagUser&UserName=u&TagKeys=', { UserName: 'u', TagKeys: [] }],
    [
      'an empty list by its element',
      'iam',
      'Action=UntagUser&UserName=u&TagKeys.member=',
      { UserName: 'u', TagKeys: [] },
    ],
    [
      'an empty list by the member’s name',
      'sqs',
      'Action=GetQueueAttributes&QueueUrl=q&AttributeNames=',
      { QueueUrl: 'q', AttributeNames: [] },
    ],
    ['an empty map', 'sqs', 'Action=TagQueue&QueueUrl=q&Tags=', { QueueUrl: 'q', Tags: {} }],
  ])('may have %s', async (_what, service, text, input) => {
    expect(await told(query(service, text))).toBe('200');
    expect(seen.input).toEqual(input);
  });

  it('may not mix elements with and without numbers', async () => {
    expect(await told(query('iam', 'Action=UntagUser&UserName=u&TagKeys.member.1=a&TagKeys.member=b'))).toBe(
      '400 MalformedQueryString',
    );
    expect(await told(query('iam', 'Action=UntagUser&UserName=u&TagKeys.member.1=a&TagKeys.member.x=b'))).toBe(
      '400 MalformedQueryString',
    );
  });

  it('for another version of the API is not answered by this one', async () => {
    expect(await told(query('elasticloadbalancing', 'Action=DescribeLoadBalancers&Version=2015-12-01'))).toBe('200');
    expect(await told(query('elasticloadbalancing', 'Action=DescribeLoadBalancers&Version=2012-06-01'))).toBe(
      '400 InvalidAction',
    );
    expect(await told(query('iam', 'Action=ListUsers&Version=2010-05-09'))).toBe('400 InvalidAction');
    // EC2 answers to its older versions, as its clients of years ago need.
    expect(await told(query('ec2', 'Action=DescribeVpcs&Version=2014-10-01'))).toBe('200');
    expect(await told(query('ec2', 'Action=DescribeVpcs&Version=2099-01-01'))).toBe('400 InvalidAction');
  });

  it('without an Action says so', async () => {
    expect(await told(query('iam', 'Version=2010-05-08'))).toBe('400 MissingAction');
    expect(await told(query('sqs', 'QueueUrl=q'))).toBe('400 MissingAction');
    expect(await told(query('ec2', 'Version=2016-11-15'))).toBe('400 MissingParameter');
    const json = { 'content-type': 'application/x-amz-json-1.0' };
    expect(await told(sign('sqs', 'POST', '/', json, Buffer.from('{}')))).toMatch(/^40[04] UnknownOperationException/);
  });
});

describe('the type of what is wrong with an input', () => {
  const json = (target: string) => ({ 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target });
  const cbor = { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' };
  it.each([
    [
      'DynamoDB',
      sign('dynamodb', 'POST', '/', json('DynamoDB_20120810.GetItem'), Buffer.from('{}')),
      '400 com.amazon.coral.validate#ValidationException',
    ],
    [
      'DynamoDB, not JSON',
      sign('dynamodb', 'POST', '/', json('DynamoDB_20120810.GetItem'), Buffer.from('{')),
      '400 com.amazon.coral.service#SerializationException',
    ],
    [
      'SQS',
      sign('sqs', 'POST', '/', json('AmazonSQS.SendMessage'), Buffer.from('{}')),
      '400 com.amazon.coral.service#MissingRequiredParameterException MissingParameter;Sender',
    ],
    [
      'SQS, an attribute that there is not',
      sign(
        'sqs',
        'POST',
        '/',
        json('AmazonSQS.SetQueueAttributes'),
        Buffer.from('{"QueueUrl":"q","Attributes":{"Odd":"1"}}'),
      ),
      '400 com.amazonaws.sqs#InvalidAttributeName InvalidAttributeName;Sender',
    ],
    ['SQS in query', query('sqs', 'Action=SendMessage&QueueUrl=q'), '400 MissingParameter'],
    [
      'Scheduler',
      sign('scheduler', 'POST', '/schedules/a', { 'content-type': 'application/json' }, Buffer.from('{}')),
      '400 ValidationException',
    ],
    [
      'Lambda',
      sign('lambda', 'POST', '/2015-03-31/functions', { 'content-type': 'application/json' }, Buffer.from('{}')),
      '400 ValidationException',
    ],
    [
      'CloudWatch in query',
      query('monitoring', 'Action=GetMetricStatistics&Version=2010-08-01'),
      '400 MissingParameter',
    ],
    [
      'CloudWatch in JSON',
      sign('monitoring', 'POST', '/', json('GraniteServiceVersion20100801.GetMetricStatistics'), Buffer.from('{}')),
      '400 com.amazonaws.cloudwatch#MissingRequiredParameterException MissingParameter;Sender',
    ],
  ])('is that of %s', async (_service, request, expected) => {
    expect(await told(request)).toBe(expected);
  });

  it('is that of CloudWatch in CBOR', async () => {
    const url = '/service/GraniteServiceVersion20100801/operation/GetMetricStatistics';
    const body = encodeCbor(loadModel('cloudwatch').operation('GetMetricStatistics').input as never, {});
    const answer = await server.handle(sign('monitoring', 'POST', url, cbor, body));
    expect(answer.headers['x-amzn-query-error']).toBe('MissingParameter;Sender');
    expect(Buffer.from(answer.body as Uint8Array).toString('latin1')).toContain(
      'com.amazonaws.cloudwatch#MissingRequiredParameterException',
    );
  });
});
