import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { ec2Client, makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { LIBRARYS_WORDS, type OddRequest, sendOdd } from '../../testing/odd-requests.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);

const deep = (open: string, close: string, levels = 100_000) => open.repeat(levels) + close.repeat(levels);
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' };
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=00';

const UNSIGNED: readonly (readonly [string, Partial<OddRequest>])[] = [
  ['JSON of lists in lists', { headers: json, body: deep('[', ']') }],
  ['JSON of objects in objects', { headers: json, body: deep('{"a":', '}') }],
  ['XML of elements in elements', { headers: { 'content-type': 'application/xml' }, body: deep('<a>', '</a>') }],
  ['a form of parts in parts', { headers: form, body: `Action=DescribeVpcs&A${'.1'.repeat(50_000)}=x` }],
  ['a form of many parameters', { headers: form, body: `Action=DescribeVpcs${'&A=1'.repeat(50_000)}` }],
  ['a form with __proto__', { headers: form, body: 'Action=DescribeVpcs&__proto__.a=1&constructor.prototype=1' }],
  ['a form with bad escapes', { headers: form, body: 'Action=%ff%zz%&Version=%00' }],
  ['a body that is no UTF-8', { headers: json, body: Buffer.from([0xff, 0xfe, 0x00]) }],
  ['an encoded body', { headers: { ...form, 'content-encoding': 'gzip' }, body: 'Action=DescribeVpcs' }],
  ['an odd Content-Type', { headers: { 'content-type': ';;="' }, body: 'Action=DescribeVpcs' }],
  ['an odd query', { method: 'GET', path: '/?Action=DescribeVpcs&Action=%ff&__proto__=1&X-Amz-Expires=9e99' }],
  ['an odd path', { method: 'GET', path: '/%ff/..%2f/%00/__proto__' }],
  ['a garbled signature', { headers: { ...form, authorization: AUTHORIZATION }, body: 'Action=DescribeVpcs' }],
  ['a signature of nothing', { headers: { ...form, authorization: 'AWS4-HMAC-SHA256 ' }, body: '' }],
  ['a long token', { headers: { ...form, 'x-amz-security-token': 'x'.repeat(8_000) }, body: 'Action=DescribeVpcs' }],
  ['an odd date', { headers: { ...form, authorization: AUTHORIZATION, 'x-amz-date': '99999999T999999Z' }, body: '' }],
];

describe('what nobody signed', () => {
  it.each(UNSIGNED)('is refused in words, not with a 500: %s', async (_, odd) => {
    const request = { method: 'POST', path: '/', headers: {}, ...odd };
    const answer = await sendOdd(api.awsUrl, request, 'none');
    expect(answer.status, answer.text.slice(0, 300)).toBeGreaterThanOrEqual(400);
    expect(answer.status, answer.text.slice(0, 300)).toBeLessThan(500);
    expect(answer.text).toMatch(/message/i);
    expect(answer.text).not.toMatch(/at \w+ \(|node:internal|RangeError/);
  });
});

describe('what a key signed', () => {
  const instances = 'Action=DescribeInstances&Version=2016-11-15';
  it.each([
    ['a part in parts', `${instances}&Filter${'.1'.repeat(20_000)}=x`],
    ['many filters', `${instances}${Array.from({ length: 5_000 }, (_, nth) => `&Filter.${nth + 1}.Name=x`).join('')}`],
    ['a NUL', `${instances}&InstanceId.1=%00`],
    ['no UTF-8', `${instances}&InstanceId.1=%ff`],
    ['a key __proto__', `${instances}&__proto__.1=x`],
    ['a number beyond all', `${instances}&MaxResults=${'9'.repeat(400)}`],
    ['a made-up token', `${instances}&MaxResults=5&NextToken=${'x'.repeat(5_000)}`],
    ['a NUL in a filter', `${instances}&Filter.1.Name=tag%3Aa&Filter.1.Value.1=%00`],
    ['an index beyond all', `${instances}&InstanceId.99999999999=i-1`],
  ])('is refused in words, not with a 500: %s', async (_, body) => {
    const outcome = await ec2Client(api, key, { form: body })
      .send(new DescribeInstancesCommand())
      .then(
        () => undefined,
        (error: { name: string; message: string; $metadata: { httpStatusCode?: number } }) => error,
      );
    // What an API of AWS's leaves aside, it leaves aside.
    if (outcome === undefined) return;
    expect(outcome.$metadata.httpStatusCode, outcome.message).toBeGreaterThanOrEqual(400);
    expect(outcome.$metadata.httpStatusCode, outcome.message).toBeLessThan(500);
    expect(outcome.message).not.toMatch(LIBRARYS_WORDS);
  });

  it('a body that does not name an action is refused', async () => {
    for (const body of [
      '',
      '&&&',
      'Action',
      'Action=GetCallerIdentity&Version=',
      'Version=2011-06-15&Action=__proto__',
    ])
      await expect(
        stsClient(api, key, { form: body }).send(new GetCallerIdentityCommand()),
        body,
      ).rejects.toMatchObject({
        $metadata: { httpStatusCode: expect.toSatisfy((status: number) => status >= 400 && status < 500) },
      });
  });
});
