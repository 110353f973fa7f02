import {
  BatchGetSecretValueCommand,
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  paginateListSecrets,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { awsClient, makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';
import { uniqueWord } from '../../../testing/test-api.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);
const client = awsClient('secretsmanager', api, key);
const stranger = awsClient('secretsmanager', api, await makeAwsKey(api, await api.makeActor()));
const { rows } = await api.owner.query<{ account_number: string }>('select account_number from tenants where id = $1', [
  owner.tenantId,
]);
const account = rows[0]!.account_number;
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: Error) => error.name,
  );
const token = () => `token-${uniqueWord()}`.padEnd(32, '0');

async function make(more: object = { SecretString: 'one' }) {
  const Name = `wire/${uniqueWord()}`;
  const made = await client.send(new CreateSecretCommand({ Name, ...more }));
  return { SecretId: Name, arn: made.ARN!, version: made.VersionId };
}
const read = async (SecretId: string, more: object = {}) =>
  client.send(new GetSecretValueCommand({ SecretId, ...more }));

describe('Secrets Manager', () => {
  it('finds a secret by its name, its ARN and its ARN without the last six characters', async () => {
    const { SecretId, arn, version } = await make();
    expect(arn).toMatch(new RegExp(`^arn:aws:secretsmanager:us-east-1:${account}:secret:${SecretId}-[0-9a-f]{6}$`));
    for (const id of [SecretId, arn, arn.slice(0, -7)]) {
      const { $metadata: _, CreatedDate, ...answer } = await read(id);
      expect(answer).toEqual({
        ARN: arn,
        Name: SecretId,
        SecretString: 'one',
        VersionId: version,
        VersionStages: ['AWSCURRENT'],
      });
      expect(Math.abs(CreatedDate!.getTime() - Date.now())).toBeLessThan(60_000);
    }
    const wrong = [arn.replace(account, '000000000000'), arn.replace('us-east-1', 'eu-west-1'), `${SecretId}x`];
    for (const id of [...wrong, 'deadbeef00', arn.replace(/......$/, 'ffffff')])
      expect(await refusal(read(id)), id).toBe('ResourceNotFoundException');
    expect(await refusal(stranger.send(new GetSecretValueCommand({ SecretId: arn })))).toBe(
      'ResourceNotFoundException',
    );
  });

  it('never takes a part of an id for a name', async () => {
    const { SecretId } = await make();
    const { data } = await api.call('secrets.get', { id: SecretId }, owner);
    const part = data.id.replaceAll('-', '').slice(-17, -5);
    expect((await api.call('secrets.get', { id: part }, owner)).data.id).toBe(data.id);
    const put = new PutSecretValueCommand({ SecretId: part, SecretString: 'x' });
    expect(await refusal(client.send(put))).toBe('ResourceNotFoundException');
    await make();
    const hex = await client.send(new CreateSecretCommand({ Name: 'cafe0123', SecretString: 'hex' }));
    expect((await read('cafe0123')).ARN).toBe(hex.ARN);
  });

  it('writes each read into the audit trail, at this door too', async () => {
    const { SecretId } = await make();
    await read(SecretId);
    const { data } = await api.call('secrets.get', { id: SecretId }, owner);
    const audits = await api.owner.query(
      `select key_id from audit_logs where resource_id = $1 and action = 'secret.access'`,
      [data.id],
    );
    expect(audits.rows).toEqual([{ key_id: key.keyId }]);
  });

  it('keeps bytes, and takes one kind of value at a time', async () => {
    const bytes = new Uint8Array([0, 255, 10]);
    const { SecretId } = await make({ SecretBinary: bytes });
    const answer = await read(SecretId);
    expect([[...answer.SecretBinary!], answer.SecretString]).toEqual([[0, 255, 10], undefined]);
    const both = new PutSecretValueCommand({ SecretId, SecretBinary: bytes, SecretString: 'x' });
    expect(await refusal(client.send(both))).toBe('InvalidParameterException');
  });

  it('creates once, however often a client sends the call with its token', async () => {
    const Name = `again-${uniqueWord()}`;
    const call = { Name, SecretString: 'one', ClientRequestToken: token() };
    const first = await client.send(new CreateSecretCommand(call));
    const { $metadata: _, ...again } = await client.send(new CreateSecretCommand(call));
    expect(again).toEqual({ ARN: first.ARN, Name, VersionId: call.ClientRequestToken });
    const others = [{ ...call, SecretString: 'two' }, { ...call, ClientRequestToken: token() }, { Name }];
    for (const other of others)
      expect(await refusal(client.send(new CreateSecretCommand(other)))).toBe('ResourceExistsException');
    await client.send(new DeleteSecretCommand({ SecretId: Name }));
    expect(await refusal(client.send(new CreateSecretCommand(call)))).toBe('InvalidRequestException');
  });

  it('moves stages as new values come, and back', async () => {
    const { SecretId, version: first } = await make();
    const put = await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'two' }));
    expect(put.VersionStages).toEqual(['AWSCURRENT']);
    const pending = { SecretId, SecretString: 'three', VersionStages: ['AWSPENDING'], ClientRequestToken: token() };
    await client.send(new PutSecretValueCommand(pending));
    expect((await read(SecretId, { VersionStage: 'AWSPENDING' })).SecretString).toBe('three');
    const differently = new PutSecretValueCommand({ ...pending, SecretString: 'other' });
    expect(await refusal(client.send(differently))).toBe('ResourceExistsException');
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(VersionIdsToStages).toEqual({
      [first!]: ['AWSPREVIOUS'],
      [put.VersionId!]: ['AWSCURRENT'],
      [pending.ClientRequestToken]: ['AWSPENDING'],
    });
    const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: pending.ClientRequestToken };
    expect(await refusal(client.send(new UpdateSecretVersionStageCommand(move)))).toBe('InvalidParameterException');
    await client.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: put.VersionId }));
    expect((await read(SecretId)).SecretString).toBe('three');
    expect((await read(SecretId, { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
    const ids = await client.send(new ListSecretVersionIdsCommand({ SecretId }));
    expect(ids.Versions!.map(({ VersionId }) => VersionId).sort()).toEqual(
      [put.VersionId, pending.ClientRequestToken].sort(),
    );
    const all = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }));
    expect(all.Versions).toHaveLength(3);
    expect(await refusal(read(SecretId, { VersionStage: 'blue' }))).toBe('ResourceNotFoundException');
  });

  it('updates the value and what is known of it', async () => {
    const { SecretId } = await make();
    const { VersionId } = await client.send(
      new UpdateSecretCommand({ SecretId, SecretString: 'two', Description: 'for the shop' }),
    );
    expect((await read(SecretId)).VersionId).toBe(VersionId);
    await client.send(
      new TagResourceCommand({
        SecretId,
        Tags: [
          { Key: 'team', Value: 'shop' },
          { Key: 'a', Value: '' },
        ],
      }),
    );
    await client.send(new UntagResourceCommand({ SecretId, TagKeys: ['a'] }));
    expect(await client.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({
      Description: 'for the shop',
      Tags: [{ Key: 'team', Value: 'shop' }],
      RotationEnabled: false,
    });
    expect((await client.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy).toBeUndefined();
    const policy = new PutResourcePolicyCommand({ SecretId, ResourcePolicy: '{}' });
    expect(await refusal(client.send(policy))).toBe('NotImplemented');
  });

  it('deletes with a recovery window, and restores', async () => {
    const { SecretId } = await make();
    const { DeletionDate } = await client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    expect((DeletionDate!.getTime() - Date.now()) / 86_400_000).toBeCloseTo(7, 2);
    expect(await refusal(read(SecretId))).toBe('InvalidRequestException');
    expect((await client.send(new DescribeSecretCommand({ SecretId }))).DeletedDate).toEqual(DeletionDate);
    const listed = async (more: object = {}) =>
      (await client.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [SecretId] }], ...more })))
        .SecretList!.length;
    expect([await listed(), await listed({ IncludePlannedDeletion: true })]).toEqual([0, 1]);
    await client.send(new RestoreSecretCommand({ SecretId }));
    expect((await read(SecretId)).SecretString).toBe('one');
    await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    expect(await refusal(read(SecretId))).toBe('ResourceNotFoundException');
  });

  it('lists page by page with filters, and reads several at once', async () => {
    const prefix = `many-${uniqueWord()}/`;
    for (let n = 0; n < 5; n++)
      await client.send(
        new CreateSecretCommand({
          Name: `${prefix}${n}`,
          SecretString: `v${n}`,
          Tags: [{ Key: 'n', Value: String(n) }],
        }),
      );
    const names: string[] = [];
    const Filters = [{ Key: 'name' as const, Values: [prefix] }];
    for await (const page of paginateListSecrets({ client, pageSize: 2 }, { Filters }))
      names.push(...page.SecretList!.map(({ Name }) => Name!));
    expect(names).toEqual([4, 3, 2, 1, 0].map((n) => `${prefix}${n}`));
    const ids = [`${prefix}1`, `${prefix}none`];
    const batch = await client.send(new BatchGetSecretValueCommand({ SecretIdList: ids }));
    expect(batch.SecretValues!.map(({ SecretString }) => SecretString)).toEqual(['v1']);
    expect(batch.Errors).toMatchObject([{ SecretId: `${prefix}none`, ErrorCode: 'ResourceNotFoundException' }]);
    const some = await client.send(
      new BatchGetSecretValueCommand({ Filters: [...Filters, { Key: 'tag-value', Values: ['3', '4'] }] }),
    );
    expect(some.SecretValues!.map(({ SecretString }) => SecretString)).toEqual(['v4', 'v3']);
  });

  it('rotates by a random password, at once and every so many days', async () => {
    const { SecretId } = await make({ SecretString: JSON.stringify({ username: 'ann', password: 'x' }) });
    const RotationRules = { ScheduleExpression: 'rate(10 days)' };
    const { VersionId } = await client.send(new RotateSecretCommand({ SecretId, RotationRules }));
    const current = await read(SecretId);
    expect(current.VersionId).toBe(VersionId);
    expect(JSON.parse(current.SecretString!)).toMatchObject({
      username: 'ann',
      password: expect.stringMatching(/^\w{32}$/),
    });
    const set = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(set).toMatchObject({ RotationEnabled: true, RotationRules: { AutomaticallyAfterDays: 10 } });
    expect((set.NextRotationDate!.getTime() - Date.now()) / 86_400_000).toBeCloseTo(10, 2);
    await client.send(new CancelRotateSecretCommand({ SecretId }));
    expect((await client.send(new DescribeSecretCommand({ SecretId }))).RotationEnabled).toBe(false);
  });

  it('makes random passwords', async () => {
    const { RandomPassword } = await client.send(
      new GetRandomPasswordCommand({ PasswordLength: 40, ExcludePunctuation: true, ExcludeCharacters: 'abc' }),
    );
    expect(RandomPassword).toMatch(/^[d-zA-Z0-9]{40}$/);
  });
});
