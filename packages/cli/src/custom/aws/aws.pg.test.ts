import { existsSync, readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latestPython, run } from '../../../../aws-protocol/test/support/install.ts';
import { insertVpc } from '../../../../server/src/services/vpcs/examples.ts';
import { setUpApi } from '../../../../server/src/testing/set-up-api.ts';
import { PASSWORD } from '../../../../server/src/testing/test-api.ts';
import { openShell } from '../../testing/test-world.ts';

// What the command prints and writes, with the AWS CLI as it comes from the package index.

const { api, owner } = await setUpApi();
const shell = openShell({ CLOUD_ENDPOINT: api.url });
afterAll(() => shell.remove());
let python: string;
beforeAll(async () => {
  python = await latestPython();
  await insertVpc(api.worldOf(owner));
  const login = await shell.cloud(['login', '--email', owner.email, '--password-stdin'], { stdin: PASSWORD });
  expect(login).toMatchObject({ code: 0 });
}, 600_000);

const cloud = (line: string, options?: Parameters<typeof shell.cloud>[1]) => shell.cloud(line.split(' '), options);
/** Runs a line of a shell that knows nothing of the platform; `aws` is the AWS CLI. */
const sh = (script: string, env: Readonly<Record<string, string>> = {}) => {
  const path = `${python.replace(/\/python$/, '')}:/usr/bin:/bin`;
  const settings = {
    HOME: shell.homeDir,
    PATH: path,
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
  };
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return run('env', ['-i', ...words, 'sh', '-c', script], { timeoutMs: 60_000 });
};
const file = (name: string) => join(shell.homeDir, '.aws', name);

describe('cloud aws env', { timeout: 120_000 }, () => {
  it('connects the AWS CLI by eval, right after a login', async () => {
    const { code, stdout, stderr } = await cloud('aws env');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^export AWS_ENDPOINT_URL=\S+ AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\nexport AWS_ACCESS_KEY_ID=ASIA\S+ AWS_SECRET_ACCESS_KEY=\S+\nexport AWS_SESSION_TOKEN=\S+\n$/,
    );
    const told = await sh(
      'eval "$LINES" && aws sts get-caller-identity --query UserId --output text && aws ec2 describe-vpcs --query "length(Vpcs)"',
      { LINES: stdout },
    );
    expect(told.trim().split('\n')).toEqual([owner.userId, '1']);
  });

  it('says how long it works, and takes a profile out of the way', async () => {
    const short = await cloud('aws env --duration 900', { typed: [], env: { AWS_PROFILE: 'work' } });
    const until = /The key works until (\S+)\.\n/.exec(short.stderr)?.[1];
    expect(Math.abs(Date.parse(until!) - Date.now() - 900_000)).toBeLessThan(60_000);
    expect(short.stdout).toMatch(/\nunset AWS_PROFILE\n$/);
  });

  it('refuses what cannot be, with a sentence', async () => {
    expect(await cloud('aws env --duration soon')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("--duration 'soon' is not a number of seconds"),
    });
    expect(await cloud('aws env --duration 5')).toMatchObject({ code: 2, stdout: '' });
    expect(await cloud('aws env --endpoint http://127.0.0.1:1')).toMatchObject({ code: 3, stdout: '' });
  });
});

describe('cloud aws configure', { timeout: 120_000 }, () => {
  const identity = (profile: string) =>
    sh(`aws --profile ${profile} sts get-caller-identity --query UserId --output text`).then((text) => text.trim());
  const keys = async () =>
    (
      await api.owner.query<{ n: number }>(
        `select count(*)::int as n from api_keys where user_id = $1 and kind = 'api' and revoked_at is null`,
        [owner.userId],
      )
    ).rows[0]!.n;

  it('writes a profile that only its owner can read, beside those that there are', async () => {
    mkdirSync(join(shell.homeDir, '.aws'), { recursive: true });
    writeFileSync(
      file('config'),
      '# mine\n[default]\nregion = eu-west-1\noutput = text\n\n[profile work]\nregion = eu-west-2\n',
    );
    expect(await cloud('aws configure')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Try: aws --profile cloud sts get-caller-identity'),
    });
    expect(await identity('cloud')).toBe(owner.userId);
    expect(readFileSync(file('config'), 'utf8')).toBe(
      `# mine\n[default]\nregion = eu-west-1\noutput = text\n\n[profile work]\nregion = eu-west-2\n\n[profile cloud]\nregion = us-east-1\nendpoint_url = ${api.awsUrl}\n`,
    );
    for (const name of ['config', 'credentials']) expect(statSync(file(name)).mode & 0o777).toBe(0o600);
  });

  it('asks before it replaces one, and makes no key for a no', async () => {
    const before = [readFileSync(file('credentials'), 'utf8'), await keys()];
    const no = await cloud('aws configure', { typed: ['n'] });
    expect(no).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was changed') });
    expect(no.stderr).toContain(`Replace the profile 'cloud' in ${file('config')}, which connects to ${api.awsUrl}?`);
    expect([readFileSync(file('credentials'), 'utf8'), await keys()]).toEqual(before);
    const former = /AKIA\w+/.exec(String(before[0]))![0];
    const yes = await cloud('aws configure', { typed: ['y'] });
    expect(yes).toMatchObject({ code: 0, stderr: expect.stringContaining(`cloud keys revoke ${former}`) });
    expect(await identity('cloud')).toBe(owner.userId);
    expect(await cloud(`keys revoke ${former}`)).toMatchObject({ code: 0 });
  });

  it('replaces none without a terminal, unless it is told to', async () => {
    expect(await cloud('aws configure --profile work')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`the profile 'work' in ${file('config')} exists; replace it with --force`),
    });
    expect(await cloud('aws configure --profile work --force')).toMatchObject({ code: 0 });
    expect(await identity('work')).toBe(owner.userId);
    expect(readFileSync(file('config'), 'utf8')).toMatch(
      /^# mine\n\[default\]\nregion = eu-west-1\noutput = text\n\n\[profile work\]\nregion = us-east-1\n/,
    );
    expect(await cloud('aws configure --profile a]b')).toMatchObject({ code: 2 });
  });

  it('follows the environment of the AWS CLI', async () => {
    const env = { AWS_CONFIG_FILE: file('other-config'), AWS_SHARED_CREDENTIALS_FILE: file('other-credentials') };
    expect(await cloud('aws configure --profile default', { env })).toMatchObject({ code: 0 });
    const told = await sh('aws sts get-caller-identity --query UserId --output text', env);
    expect(told.trim()).toBe(owner.userId);
    expect(existsSync(file('other-credentials'))).toBe(true);
  });
});
