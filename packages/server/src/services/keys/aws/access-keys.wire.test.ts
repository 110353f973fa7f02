import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { type AwsKey, awsClient, makeAwsKey, stsClient } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();
const iamOf = (key: AwsKey) => awsClient('iam', api, key);
const whoAmI = (key: AwsKey) => stsClient(api, key).send(new GetCallerIdentityCommand());
/** Of somebody, in a tenant of their own. */
const someKey = async () => makeAwsKey(api, await api.makeActor());

describe('access keys', () => {
  it('are made, listed and deleted by IAM, as tools rotate them', async () => {
    const old = await someKey();
    const { AccessKey: made } = await iamOf(old).send(new CreateAccessKeyCommand({ UserName: old.actor.email }));
    expect(made).toMatchObject({ UserName: old.actor.email, Status: 'Active', CreateDate: expect.any(Date) });
    const fresh = { accessKeyId: made!.AccessKeyId!, secretAccessKey: made!.SecretAccessKey! };
    expect((await whoAmI(fresh)).UserId).toBe(old.actor.userId);
    await api.call('keys.createSession', {}, old.actor);
    const list = async () => (await iamOf(fresh).send(new ListAccessKeysCommand({}))).AccessKeyMetadata;
    expect(await list()).toEqual(
      [fresh, old].map(({ accessKeyId }) => ({
        UserName: old.actor.email,
        AccessKeyId: accessKeyId,
        Status: 'Active',
        CreateDate: expect.any(Date),
      })),
    );
    await iamOf(fresh).send(new DeleteAccessKeyCommand({ AccessKeyId: old.accessKeyId }));
    await expect(whoAmI(old)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    expect((await list())!.map(({ AccessKeyId }) => AccessKeyId)).toEqual([fresh.accessKeyId]);
  });

  it("of another member are listed and deleted by who may see all members' keys, and made by nobody else", async () => {
    const member = await api.makeMember(owner.tenantId, 'developer');
    const [ours, theirs] = [await makeAwsKey(api, owner), await makeAwsKey(api, member)];
    const [admin, developer] = [iamOf(ours), iamOf(theirs)];
    const listed = await admin.send(new ListAccessKeysCommand({ UserName: member.email }));
    expect(listed.AccessKeyMetadata).toMatchObject([{ UserName: member.email, AccessKeyId: theirs.accessKeyId }]);
    await expect(developer.send(new ListAccessKeysCommand({ UserName: owner.email }))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining("'identity:read_all'"),
    });
    await expect(
      developer.send(new DeleteAccessKeyCommand({ UserName: owner.email, AccessKeyId: ours.accessKeyId })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(admin.send(new CreateAccessKeyCommand({ UserName: member.email }))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'only a member makes their own access keys',
    });
    // Of one's own keys, unless the member is named.
    await expect(admin.send(new DeleteAccessKeyCommand({ AccessKeyId: theirs.accessKeyId }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
    await admin.send(new DeleteAccessKeyCommand({ UserName: member.email, AccessKeyId: theirs.accessKeyId }));
    await expect(whoAmI(theirs)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });

  it('are deleted only of the user who is named', async () => {
    const [named, third] = [
      await api.makeMember(owner.tenantId, 'developer'),
      await api.makeMember(owner.tenantId, 'developer'),
    ];
    const [ours, theirs] = [await makeAwsKey(api, owner), await makeAwsKey(api, third)];
    const remove = (UserName: string) =>
      iamOf(ours).send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: theirs.accessKeyId }));
    await expect(remove(named.email)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    expect((await whoAmI(theirs)).UserId).toBe(third.userId);
    await remove(third.email);
  });

  it('are not meant by the name of a key', async () => {
    const key = await someKey();
    const named = (await api.call('keys.create', { name: 'a_name_like_an_id' }, key.actor)).data;
    const byName = { AccessKeyId: 'a_name_like_an_id' };
    const refused = { name: 'NoSuchEntityException', message: "access key 'a_name_like_an_id' does not exist" };
    await expect(iamOf(key).send(new DeleteAccessKeyCommand(byName))).rejects.toMatchObject(refused);
    await expect(iamOf(key).send(new GetAccessKeyLastUsedCommand(byName))).rejects.toMatchObject(refused);
    expect((await api.call('auth.me', {}, named)).status).toBe(200);
  });

  it('say when they were last used, without the service', async () => {
    const key = await someKey();
    const ask = () => iamOf(key).send(new GetAccessKeyLastUsedCommand({ AccessKeyId: key.accessKeyId }));
    const never = await ask();
    expect(never).toMatchObject({
      UserName: key.actor.email,
      AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' },
    });
    expect(never.AccessKeyLastUsed).not.toHaveProperty('LastUsedDate');
    await api.owner.query(`update api_keys set last_used = '2026-01-02T03:04:05Z' where id = $1`, [key.keyId]);
    expect((await ask()).AccessKeyLastUsed!.LastUsedDate).toEqual(new Date('2026-01-02T03:04:05Z'));
  });

  it("of another member say when they were last used to who may see all members' keys", async () => {
    const member = await api.makeMember(owner.tenantId, 'developer');
    const [ours, theirs] = [await makeAwsKey(api, owner), await makeAwsKey(api, member)];
    const ask = (by: AwsKey, about: AwsKey) =>
      iamOf(by).send(new GetAccessKeyLastUsedCommand({ AccessKeyId: about.accessKeyId }));
    expect((await ask(ours, theirs)).UserName).toBe(member.email);
    await expect(ask(theirs, ours)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(ask(await someKey(), ours)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  });

  it('say to their user in which account they act', async () => {
    const [key, other] = [await someKey(), await someKey()];
    const ask = (by: AwsKey, about: AwsKey) =>
      stsClient(api, by).send(new GetAccessKeyInfoCommand({ AccessKeyId: about.accessKeyId }));
    expect((await ask(key, key)).Account).toBe((await whoAmI(key)).Account);
    await expect(ask(key, other)).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });

  it('are either there or revoked: a status cannot be set', async () => {
    const key = await someKey();
    const off = new UpdateAccessKeyCommand({ AccessKeyId: key.accessKeyId, Status: 'Inactive' });
    await expect(iamOf(key).send(off)).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
    expect((await whoAmI(key)).UserId).toBe(key.actor.userId);
  });
});
