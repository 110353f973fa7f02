import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { debianPython, latestPython, run } from '../../../../../aws-protocol/test/support/install.ts';
import { makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api } = await setUpApi();
const home = mkdtempSync(join(tmpdir(), 'thecloud-scheduler-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const PYTHONS = { "Debian's": debianPython, 'the newest': latestPython };
const INSTALL_MS = 600_000;

// Each in an account of its own, where names are free. What is not supported is called, and refused.
it.each([
  ['boto3', 'scheduler_boto.py', "Debian's", 12],
  ['boto3', 'scheduler_boto.py', 'the newest', 12],
  ['the AWS CLI', 'scheduler_cli.py', "Debian's", 12],
  ['the AWS CLI', 'scheduler_cli.py', 'the newest', 12],
] as const)('%s calls every action it has (%s, %s)', { timeout: INSTALL_MS }, async (_, script, which, actions) => {
  const key = await makeAwsKey(api, await api.makeActor());
  const environment = {
    AWS_ENDPOINT_URL: api.awsUrl,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: home,
  };
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const printed = await run('env', [...settings, await PYTHONS[which](), join(import.meta.dirname, script)], {
    timeoutMs: 120_000,
  });
  expect(Number(printed.trim().split(' ').at(-1))).toBe(actions);
});
