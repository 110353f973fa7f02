import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latestPython, run } from '../../../../aws-protocol/test/support/install.ts';
import { ec2Id } from '../../kernel/ids.ts';
import { insertInstance } from '../../services/instances/examples.ts';
import { insertVpc } from '../../services/vpcs/examples.ts';
import { type AwsKey, makeAwsKey } from '../../testing/aws-clients.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();
const home = mkdtempSync(join(tmpdir(), 'thecloud-aws-cli-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let python: string;
let key: AwsKey;
let vpcId: string;
beforeAll(async () => {
  python = await latestPython();
  key = await makeAwsKey(api, owner);
  vpcId = await insertVpc(api.worldOf(owner));
}, 600_000);

/** Runs a client as docs/aws.md says, with the environment alone; answers what it printed. */
function runClient(words: readonly string[], by: AwsKey = key): Promise<string> {
  const environment = {
    AWS_ENDPOINT_URL: api.awsUrl,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: by.accessKeyId,
    AWS_SECRET_ACCESS_KEY: by.secretAccessKey,
    ...(by.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: by.sessionToken }),
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: home,
  };
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return run('env', [...settings, ...words], { timeoutMs: 60_000 });
}
const aws = (words: string, by?: AwsKey) => runClient([python.replace(/python$/, 'aws'), ...words.split(' ')], by);
const json = async (words: string) => JSON.parse(await aws(words)) as any;

describe('the AWS CLI', { timeout: 120_000 }, () => {
  it('asks who it is', async () => {
    const { Account, Arn, UserId } = await json('sts get-caller-identity');
    expect([Arn, UserId]).toEqual([`arn:aws:iam::${Account}:user/${owner.email}`, owner.userId]);
  });

  it('describes VPCs, page by page and by a filter', async () => {
    for (let n = 0; n < 6; n++) await insertVpc(api.worldOf(owner));
    const { Vpcs } = await json('ec2 describe-vpcs --page-size 5');
    expect(Vpcs).toHaveLength(7);
    const found = await json(
      'ec2 describe-vpcs --filters Name=tag:Name,Values=vpc-* Name=state,Values=available --max-items 3',
    );
    expect([found.Vpcs.length, typeof found.NextToken]).toEqual([3, 'string']);
    const one = await json(`ec2 describe-vpcs --vpc-ids ${ec2Id('vpc', vpcId)}`);
    expect(one.Vpcs.map((vpc: { VpcId: string }) => vpc.VpcId)).toEqual([ec2Id('vpc', vpcId)]);
  });

  it('describes instances, and waits for one to run', async () => {
    const id = await insertInstance(api.worldOf(owner));
    const query = 'Reservations[].Instances[].[InstanceId,State.Name,InstanceType]';
    const told = await aws(`ec2 describe-instances --instance-ids ${ec2Id('i', id)} --output text --query ${query}`);
    expect(told.trim().split('\t')).toEqual([ec2Id('i', id), 'running', 'basic-1']);
    expect(await aws(`ec2 wait instance-running --instance-ids ${ec2Id('i', id)}`)).toBe('');
  });

  it('and boto3 presigns a URL that anybody may use', async () => {
    const presign = `import boto3; print(boto3.client('sts').generate_presigned_url('get_caller_identity', HttpMethod='GET'))`;
    const answer = await fetch((await runClient([python, '-c', presign])).trim());
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(`user/${owner.email}</Arn>`)]);
  });

  it('acts with temporary credentials, in headers and in a presigned URL, until their key is revoked', async () => {
    const parent = await makeAwsKey(api, owner);
    const { Credentials: made } = JSON.parse(await aws('sts get-session-token --duration-seconds 900', parent)) as any;
    const session = {
      accessKeyId: made.AccessKeyId,
      secretAccessKey: made.SecretAccessKey,
      sessionToken: made.SessionToken,
    };
    expect(await aws('ec2 describe-vpcs --query Vpcs[].VpcId --output text', session)).toContain(ec2Id('vpc', vpcId));
    const presign = `import boto3; print(boto3.client('sts').generate_presigned_url('get_caller_identity', HttpMethod='GET'))`;
    const url = (await runClient([python, '-c', presign], session)).trim();
    expect(url).toContain('X-Amz-Security-Token=');
    expect((await fetch(url)).status).toBe(200);
    const otherToken = url.replace(/(X-Amz-Security-Token=)[^&]*/, '$1x');
    expect((await fetch(otherToken)).status).toBe(403);
    await api.call('keys.revoke', { id: parent.keyId }, owner);
    await expect(aws('sts get-caller-identity', session)).rejects.toThrow('An error occurred (InvalidClientTokenId)');
    expect((await fetch(url)).status).toBe(403);
  });

  it('rotates an access key, and asks IAM who there is', async () => {
    const actor = await api.makeActor();
    const old = await makeAwsKey(api, actor);
    const asked = async (words: string, by: AwsKey) => JSON.parse(await aws(words, by)) as any;
    const { AccessKey: made } = await asked('iam create-access-key', old);
    const fresh = { accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey };
    expect(await aws(`iam delete-access-key --access-key-id ${old.accessKeyId}`, fresh)).toBe('');
    const { AccessKeyMetadata: left } = await asked('iam list-access-keys', fresh);
    expect(left.map((key: { AccessKeyId: string }) => key.AccessKeyId)).toEqual([fresh.accessKeyId]);
    expect((await asked('iam get-user', fresh)).User.UserName).toBe(actor.email);
    expect((await asked('iam list-users', fresh)).Users).toHaveLength(1);
    expect((await asked('iam list-account-aliases', fresh)).AccountAliases).toHaveLength(1);
    expect((await asked('iam list-roles', fresh)).Roles).toHaveLength(5);
    expect((await asked('iam get-account-summary', fresh)).SummaryMap.Users).toBe(1);
  });

  it.each([
    ['a wrong secret', 'sts get-caller-identity', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['a key that there is not', 'ec2 describe-vpcs', { accessKeyId: 'AKIA2222222222222222' }, 'AuthFailure'],
    ['an id that there is not', 'ec2 describe-vpcs --vpc-ids vpc-0', {}, 'InvalidVpcID.NotFound'],
    ['what is not served', 'ec2 describe-volumes', {}, 'NotImplemented'],
  ])('says what is wrong with %s', async (_, words, by, code) => {
    await expect(aws(words, { ...key, ...by })).rejects.toThrow(`An error occurred (${code})`);
  });
});
