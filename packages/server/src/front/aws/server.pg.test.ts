import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { DescribeInstancesCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { newAwsKeyPair } from '../../kernel/ids.ts';
import { type AwsKey, ec2Client, makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { uniqueWord } from '../../testing/test-api.ts';

const clock = createManualClock(Date.now());
const { api, owner } = await setUpApi({ clock, trustedProxies: ['127.0.0.1'] });

const whoAmI = (key: AwsKey, options?: Parameters<typeof stsClient>[2]) =>
  stsClient(api, key, options).send(new GetCallerIdentityCommand());
const vpcs = (key: AwsKey, options?: Parameters<typeof ec2Client>[2]) =>
  ec2Client(api, key, options).send(new DescribeVpcsCommand());
const ownKey = await makeAwsKey(api, owner);

/** Of somebody, in a tenant of their own. */
const someKey = async () => makeAwsKey(api, await api.makeActor());

describe('a request', () => {
  it('has an id, and an answer that no browser guesses at or keeps', async () => {
    const answer = await fetch(`${api.awsUrl}/?Action=DescribeVpcs&Version=2016-11-15`);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/xml',
      'x-amzn-requestid': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect((await whoAmI(ownKey)).$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is counted by its action, and by nothing that a stranger chooses', async () => {
    await vpcs(ownKey);
    await fetch(`${api.awsUrl}/?Action=MadeUp${uniqueWord()}&Version=2016-11-15`);
    const metrics = await api.metrics.prometheus.getSingleMetricAsString('thecloud_http_requests_total');
    const paths = new Set([...metrics.matchAll(/path="(aws:[^"]*)"/g)].map((match) => match[1]));
    expect(paths).toEqual(new Set(['aws:ec2.DescribeVpcs', 'aws:sts.GetCallerIdentity', 'aws:none']));
    const { rows } = await api.owner.query('select last_used from api_keys where id = $1', [ownKey.keyId]);
    expect(rows[0].last_used).toBeNull();
    await clock.advance(5_000);
    await expect
      .poll(async () => (await api.owner.query('select last_used from api_keys where id = $1', [ownKey.keyId])).rows[0])
      .toEqual({ last_used: expect.any(Date) });
  });
});

/** Sends the head of a request, then runs the action, then sends the body. */
const holdingTheBody = (between: () => Promise<unknown>) => ({
  async handle({ method, headers, path, body }: { method: string; headers: object; path: string; body?: unknown }) {
    const { hostname, port } = new URL(api.awsUrl);
    const sent = request({ hostname, port, method, path, headers: { ...headers } });
    sent.flushHeaders();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await between();
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return {
      response: { statusCode: answer.statusCode!, headers: answer.headers as Record<string, string>, body: answer },
    };
  },
});

describe('a signature', () => {
  const unknown = newAwsKeyPair();
  const wrong = { ...ownKey, secretAccessKey: 'x'.repeat(40) };

  it.each([
    ['by another secret', wrong, 'SignatureDoesNotMatch', 403, 'SignatureDoesNotMatch', 403],
    ['by a key that there is not', unknown, 'InvalidClientTokenId', 403, 'AuthFailure', 401],
    ['by what is no key', { ...ownKey, accessKeyId: 'me' }, 'InvalidClientTokenId', 403, 'AuthFailure', 401],
  ])('%s is refused', async (_, key, sts, stsStatus, ec2, ec2Status) => {
    await expect(whoAmI(key)).rejects.toMatchObject({ name: sts, $metadata: { httpStatusCode: stsStatus } });
    await expect(vpcs(key)).rejects.toMatchObject({ name: ec2, $metadata: { httpStatusCode: ec2Status } });
  });

  it('is needed', async () => {
    const answer = await fetch(`${api.awsUrl}/?Action=GetCallerIdentity&Version=2011-06-15`);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('MissingAuthenticationToken')]);
  });

  it('of another time is refused', async () => {
    const late = await setUpApi({ clock: createManualClock(Date.now() - 16 * 60_000) });
    const key = await makeAwsKey(late.api, late.owner);
    await expect(stsClient(late.api, key).send(new GetCallerIdentityCommand())).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      message: expect.stringContaining("the server's time is"),
    });
  });

  it('is for the region of the platform, or for the one of services that know none', async () => {
    const north = await setUpApi({ region: 'eu-north-1' });
    const key = await makeAwsKey(north.api, north.owner);
    const sts = (region: string) => stsClient(north.api, key, { region }).send(new GetCallerIdentityCommand());
    const ec2 = (region: string) => ec2Client(north.api, key, { region }).send(new DescribeVpcsCommand());
    for (const region of ['eu-north-1', 'us-east-1']) expect((await sts(region)).UserId).toBe(north.owner.userId);
    expect((await ec2('eu-north-1')).Vpcs).toEqual([]);
    for (const [ask, region] of [
      [ec2, 'us-east-1'],
      [ec2, 'us-west-2'],
      [sts, 'us-west-2'],
    ] as const)
      await expect(ask(region)).rejects.toMatchObject({
        name: 'SignatureDoesNotMatch',
        message: `Credential should be scoped to a valid region: 'eu-north-1', not '${region}'.`,
      });
  });
});

describe('a key', () => {
  it('that is revoked stops at once', async () => {
    const key = await someKey();
    await whoAmI(key);
    expect((await api.call('keys.revoke', { id: key.keyId }, key.actor)).status).toBe(204);
    await expect(whoAmI(key)).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
      message: 'this API key was revoked',
    });
    await expect(vpcs(key)).rejects.toMatchObject({ name: 'AuthFailure' });
    // Nothing is told to who only knows its id.
    await expect(whoAmI({ ...key, secretAccessKey: 'x' })).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  });

  it('that is revoked while the body is on its way stops too', async () => {
    const key = await someKey();
    const client = ec2Client(api, key);
    const revoke = () => api.call('keys.revoke', { id: key.keyId }, key.actor);
    client.config.requestHandler = holdingTheBody(revoke) as never;
    await expect(client.send(new DescribeVpcsCommand())).rejects.toMatchObject({ name: 'AuthFailure' });
  });

  it.each<[string, string, 'keyId' | 'userId' | 'tenantId', string, string]>([
    [
      'has expired',
      `update api_keys set expires_at = now() - interval '1 s' where id = $1`,
      'keyId',
      'AuthFailure',
      'expired',
    ],
    [
      'is of a user who is gone',
      'update users set closed_at = now() where id = $1',
      'userId',
      'AuthFailure',
      'revoked',
    ],
    [
      'is of a tenant that is suspended',
      `update tenants set status = 'suspended' where id = $1`,
      'tenantId',
      'UnauthorizedOperation',
      'suspended',
    ],
  ])('that %s is refused', async (_, change, of, name, message) => {
    const key = await someKey();
    await api.owner.query(change, [{ ...key.actor, keyId: key.keyId }[of]]);
    await expect(vpcs(key)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
    await expect(whoAmI(key)).rejects.toMatchObject({
      name: name === 'AuthFailure' ? 'InvalidClientTokenId' : 'AccessDenied',
    });
  });

  it('goes with the membership that it acts by', async () => {
    const key = await someKey();
    await api.owner.query('delete from memberships where user_id = $1', [key.actor.userId]);
    await expect(vpcs(key)).rejects.toMatchObject({ name: 'AuthFailure' });
  });
});

describe('a permission that is missing', () => {
  it('is refused in the words of the service, and audited with the address behind the proxy', async () => {
    const role = uniqueWord();
    await api.owner.query('insert into tenant_roles (tenant_id, name) values ($1, $2)', [owner.tenantId, role]);
    const member = await api.makeMember(owner.tenantId, role);
    await api.owner.query(`update memberships set role = 'owner' where user_id = $1`, [member.userId]);
    const key = await makeAwsKey(api, member);
    await api.owner.query('update memberships set role = $2 where user_id = $1', [member.userId, role]);
    const refused = await ec2Client(api, key, { headers: { 'x-forwarded-for': '203.0.113.7' } })
      .send(new DescribeInstancesCommand({ MaxResults: 7 }))
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'UnauthorizedOperation',
      message: expect.stringContaining("'instance:read'"),
      $metadata: { httpStatusCode: 403 },
    });
    const { requestId } = (refused as { $metadata: { requestId: string } }).$metadata;
    const { rows } = await api.owner.query('select * from audit_logs where request_id = $1', [requestId]);
    expect(rows).toEqual([
      expect.objectContaining({
        outcome: 'refused',
        action: 'instance.list',
        user_id: member.userId,
        tenant_id: owner.tenantId,
        ip_address: '203.0.113.7',
        user_agent: expect.stringContaining('aws-sdk-js/3'),
        metadata: { limit: 7 },
      }),
    ]);
    await whoAmI(key);
  });
});

describe('what cannot be read is refused', () => {
  const form = (more: string) => `Action=DescribeVpcs&Version=2016-11-15&${more}`;

  it.each([
    ['a number that is none', form('MaxResults=many'), 'MalformedQueryString'],
    ['a list with and without numbers', form('VpcId=1&VpcId.1=2'), 'MalformedQueryString'],
    ['no action', 'Version=2016-11-15', 'MissingParameter'],
    ['an action that EC2 does not have', 'Action=Wonder&Version=2016-11-15', 'InvalidAction'],
    ['a character that cannot be stored', form('VpcId.1=vpc-%00'), 'InvalidParameterValue'],
    ['an id that is too long', form(`VpcId.1=${'x'.repeat(300)}`), 'InvalidParameterValue'],
    ['a body that is too large', form(`VpcId.1=${'x'.repeat(1024 * 1024)}`), 'RequestEntityTooLarge'],
  ])('%s', async (_, body, name) => {
    await expect(vpcs(ownKey, { form: body })).rejects.toMatchObject({ name });
  });

  it('and what is not served says so, with a status that no client tries again', async () => {
    await expect(vpcs(ownKey, { form: 'Action=RunInstances&Version=2016-11-15' })).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });

  it('before its body is asked for, where a client waits for that', async () => {
    const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = `AKIA2222222222222222/${stamp.slice(0, 8)}/us-east-1/ec2/aws4_request`;
    const head = [
      'POST / HTTP/1.1',
      'host: x',
      'content-type: application/x-www-form-urlencoded',
      'content-length: 9',
      'expect: 100-continue',
      `x-amz-date: ${stamp}`,
      `authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
    ];
    const socket = connect(Number(new URL(api.awsUrl).port), '127.0.0.1', () =>
      socket.write(`${head.join('\r\n')}\r\n\r\n`),
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(first.toString()).toMatch(/^HTTP\/1\.1 401 [^]*<Code>AuthFailure<\/Code>/);
  });

  it('and no HTTP gets an answer too', async () => {
    const socket = connect(Number(new URL(api.awsUrl).port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
    let got = '';
    for await (const chunk of socket) got += String(chunk);
    expect(got).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*<Code>InvalidRequest<\/Code>/);
  });
});

it('an action that decides nothing is an error of ours in test mode', async () => {
  // Each of ours asks execute(), whose answer is a decision: a mistake is made here.
  const { createGateway } = await import('./gateway.ts');
  const services = [{ name: 'odd', resource: 'odd', title: 'Odd', operations: {}, handlers: {} }] as const;
  const gateway = (actions: object, errors: object = {}) =>
    createGateway({
      services: [
        { ...services[0], errors: errors as never, aws: [{ service: 'sts', actions: actions as never, examples: {} }] },
      ],
      execute: api.execute,
      region: 'us-east-1',
      schemeOf: () => 'http',
      testMode: true,
    });
  const action = gateway({ GetCallerIdentity: async () => ({}) })[0]!.handler('GetCallerIdentity')!;
  const context = {
    service: 'sts',
    operation: 'GetCallerIdentity',
    region: 'us-east-1',
    principal: { lookUp: async () => ({ judge: () => ({ caller: {}, accountNumber: '1' }) }), request: { origin: {} } },
  };
  await expect(action({}, context)).rejects.toThrow('without an authorisation decision');
  expect(() => gateway({}, { ODD: 400 })).toThrow('odd: no AWS code for ODD');
  expect(() => gateway({ Wonder: async () => ({}) })).toThrow('STS has no operation Wonder');
});
