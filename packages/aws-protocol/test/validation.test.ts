import { describe, expect, it } from 'vitest';
import { loadConstraints } from '../src/model/constraints.ts';
import { AwsServer, loadModel, type ModelId, MODEL_IDS, Service } from '../src/index.ts';
import { KEY } from './support/harness.ts';
import { sign } from './support/sign.ts';

async function call(
  id: ModelId,
  headers: Record<string, string>,
  body: string,
  url = '/',
  validate = true,
): Promise<{ status: number; code: string; message: string }> {
  const model = loadModel(id);
  const server = new AwsServer({
    services: [
      new Service(model, Object.fromEntries(model.operationNames.map((name) => [name, () => ({})])) as never, {
        validate,
      }),
    ],
    credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: undefined }),
  });
  const answer = await server.handle(sign(model.signingName, 'POST', url, headers, Buffer.from(body)));
  const text = String(answer.body);
  if (text.startsWith('{')) {
    const parsed = JSON.parse(text) as Record<string, string>;
    return {
      status: answer.status,
      code: (answer.headers['x-amzn-errortype'] ?? parsed['__type'] ?? '').replace(/^.*#/, ''),
      message: parsed['message'] ?? parsed['Message'] ?? '',
    };
  }
  return {
    status: answer.status,
    code: /<Code>([^<]*)/.exec(text)?.[1] ?? '',
    message: /<Message>([^<]*)/.exec(text)?.[1] ?? '',
  };
}
const json = (target: string) => ({ 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target });
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('inputs are held against the model, in each service’s words', () => {
  it.each<[string, ModelId, Record<string, string>, string, string, string, RegExp]>([
    [
      'a missing member, json',
      'secretsmanager',
      json('secretsmanager.GetSecretValue'),
      '{}',
      '/',
      'ValidationException',
      /Value null at 'secretId' failed to satisfy constraint: Member must not be null/,
    ],
    [
      'two missing members',
      'dynamodb',
      json('DynamoDB_20120810.PutItem'),
      '{}',
      '/',
      'ValidationException',
      /^2 validation errors detected: .*tableName.*; .*item/,
    ],
    [
      'too long',
      'kms',
      json('TrentService.DescribeKey'),
      JSON.stringify({ KeyId: 'x'.repeat(2049) }),
      '/',
      'ValidationException',
      /length less than or equal to 2048/,
    ],
    [
      'out of range',
      'dynamodb',
      json('DynamoDB_20120810.ListTables'),
      '{"Limit":101}',
      '/',
      'ValidationException',
      /'101' at 'limit'.*less than or equal to 100/,
    ],
    [
      'not whole',
      'dynamodb',
      json('DynamoDB_20120810.ListTables'),
      '{"Limit":1.5}',
      '/',
      'ValidationException',
      /must be an integer/,
    ],
    [
      'a wrong type, json',
      'dynamodb',
      json('DynamoDB_20120810.ListTables'),
      '{"Limit":"1"}',
      '/',
      'SerializationException',
      /Expected a number/,
    ],
    [
      'two members of a union',
      'dynamodb',
      json('DynamoDB_20120810.PutItem'),
      '{"TableName":"t","Item":{"a":{"S":"x","N":"1"}}}',
      '/',
      'SerializationException',
      /exactly one member/,
    ],
    [
      'a missing member, query',
      'sns',
      form,
      'Action=DeleteTopic&Version=2010-03-31',
      '/',
      'InvalidParameter',
      /topicArn/,
    ],
    [
      'a missing member, SQS query',
      'sqs',
      form,
      'Action=SendMessage&Version=2012-11-05&QueueUrl=q',
      '/',
      'MissingParameter',
      /messageBody/,
    ],
    [
      'a missing member, ec2',
      'ec2',
      form,
      'Action=TerminateInstances&Version=2016-11-15',
      '/',
      'MissingParameter',
      /instanceIds/,
    ],
    [
      'a wrong type, ec2',
      'ec2',
      form,
      'Action=DescribeInstances&Version=2016-11-15&MaxResults=many',
      '/',
      'MalformedQueryString',
      /Not a number/,
    ],
    ['a missing member, rest-json', 'scheduler', {}, '{}', '/schedules/n', 'ValidationException', /scheduleExpression/],
    ['a missing member, Lambda', 'lambda', {}, '{}', '/2015-03-31/functions', 'ValidationException', /functionName/],
    ['an unknown operation, json', 'sqs', json('AmazonSQS.Nothing'), '{}', '/', 'UnknownOperationException', /Nothing/],
    ['an unknown operation, query', 'sns', form, 'Action=Nothing&Version=2010-03-31', '/', 'InvalidAction', /Nothing/],
  ])('%s', async (_name, id, headers, body, url, code, message) => {
    const answer = await call(id, headers, body, url);
    expect([answer.status, answer.code]).toEqual([400, code]);
    expect(answer.message).toMatch(message);
  });

  it('can be told to check types and nothing else', async () => {
    expect((await call('dynamodb', json('DynamoDB_20120810.ListTables'), '{"Limit":101}', '/', false)).status).toBe(
      200,
    );
  });

  it('has constraints that compile', () => {
    const counts = MODEL_IDS.map((id) => loadConstraints(id).size);
    expect(counts.reduce((a, b) => a + b)).toBeGreaterThan(1500);
  });
});
