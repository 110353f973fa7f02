import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { type AwsKey, ec2Client, makeAwsKey, stsClient } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();

const getSession = async (key: AwsKey, seconds?: number) => {
  const command = new GetSessionTokenCommand(seconds === undefined ? {} : { DurationSeconds: seconds });
  const { Credentials: made } = await stsClient(api, key).send(command);
  return {
    accessKeyId: made!.AccessKeyId!,
    secretAccessKey: made!.SecretAccessKey!,
    sessionToken: made!.SessionToken!,
    expiration: made!.Expiration!,
  };
};
const whoAmI = (key: AwsKey) => stsClient(api, key).send(new GetCallerIdentityCommand());

describe('GetSessionToken', () => {
  it('gives credentials that act as the user of the key, for twelve hours or as long as asked', async () => {
    const key = await makeAwsKey(api, owner);
    const session = await getSession(key);
    expect(session.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(session.expiration.getTime() - Date.now()).toBeGreaterThan(43_100_000);
    expect(session.expiration.getTime() - Date.now()).toBeLessThanOrEqual(43_200_000);
    const { $metadata: _, ...identity } = await whoAmI(session);
    expect(identity).toEqual({
      UserId: owner.userId,
      Account: expect.stringMatching(/^\d{12}$/),
      Arn: expect.stringContaining(`:user/${owner.email}`),
    });
    expect((await ec2Client(api, session).send(new DescribeVpcsCommand())).Vpcs).toEqual([]);
    const brief = await getSession(key, 900);
    expect(brief.expiration.getTime() - Date.now()).toBeLessThanOrEqual(900_000);
  });

  it.each([
    ['less than 15 minutes', { DurationSeconds: 899 }],
    ['more than 36 hours', { DurationSeconds: 129_601 }],
    ['a code of a second factor', { SerialNumber: 'arn:aws:iam::1:mfa/me', TokenCode: '123456' }],
  ])('refuses %s', async (_, input) => {
    const key = await makeAwsKey(api, owner);
    await expect(stsClient(api, key).send(new GetSessionTokenCommand(input))).rejects.toMatchObject({
      name: 'ValidationError',
    });
  });

  it('is refused to temporary credentials', async () => {
    const session = await getSession(await makeAwsKey(api, owner));
    await expect(getSession(session)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'a temporary key cannot make or change keys; use the key that it was made from, or log in',
    });
  });
});

describe('temporary credentials', () => {
  it('are nothing without their token, in headers and in a presigned URL', async () => {
    const key = await makeAwsKey(api, owner);
    const [one, other] = [await getSession(key), await getSession(key)];
    const { sessionToken: _, ...without } = one;
    for (const bad of [without, { ...one, sessionToken: other.sessionToken }, { ...one, sessionToken: 'x' }]) {
      await expect(whoAmI(bad)).rejects.toMatchObject({
        name: 'InvalidClientTokenId',
        $metadata: { httpStatusCode: 403 },
      });
      await expect(ec2Client(api, bad).send(new DescribeVpcsCommand())).rejects.toMatchObject({
        name: 'AuthFailure',
        $metadata: { httpStatusCode: 401 },
      });
    }
    // A token that is not asked for is refused too.
    await expect(whoAmI({ ...key, sessionToken: one.sessionToken })).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });
    expect((await whoAmI(one)).UserId).toBe(owner.userId);
  });

  it('end with their time, which clients are told', async () => {
    const session = await getSession(await makeAwsKey(api, owner));
    await whoAmI(session);
    await api.owner.query(`update api_keys set expires_at = now() - interval '1 s' where aws_access_key_id = $1`, [
      session.accessKeyId,
    ]);
    const refused = expect.objectContaining({
      name: 'ExpiredToken',
      $metadata: expect.objectContaining({ httpStatusCode: 403 }),
    });
    await expect.poll(() => whoAmI(session).catch((error: unknown) => error), { timeout: 2_000 }).toEqual(refused);
    await expect(ec2Client(api, session).send(new DescribeVpcsCommand())).rejects.toMatchObject({
      name: 'RequestExpired',
    });
  });
});
