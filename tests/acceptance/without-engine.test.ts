import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Client,
  createTenant,
  type RunningPlatform,
  startPlatform,
} from '../../packages/testkit/src/platform-api.ts';

const MAIN = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url));

/** An unprivileged user if this runs as root, otherwise the present user. */
function findOrdinaryUser(): { readonly user?: { uid: number; gid: number }; readonly obstacle?: string } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  const user = { uid: id('-u'), gid: id('-g') };
  const tried = spawnSync(process.execPath, [MAIN, '--version'], { ...user, cwd: '/', encoding: 'utf8' });
  return tried.status === 0 ? { user } : { obstacle: `nobody cannot run the checkout: ${tried.error ?? tried.stderr}` };
}

const { user, obstacle } = findOrdinaryUser();
if (obstacle !== undefined) console.warn(`NOT RUN, a platform without an engine: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('a platform without root', { timeout: 60_000 }, () => {
  let platform: RunningPlatform;
  let client: Client;

  beforeAll(async () => {
    platform = await startPlatform(user === undefined ? {} : { user });
    client = await createTenant(platform, 'ordinary');
  }, 120_000);
  afterAll(() => platform?.close(), 90_000);

  test('starts, says what it cannot do, and serves the rest', async () => {
    expect(platform.output()).toMatch(/root/);
    expect((await fetch(`${platform.address}/health`)).status).toBe(200);
    expect((await client.ask('GET', '/auth/me')).email).toBe(client.email);
    expect((await client.ask('GET', '/instance-types')).length).toBeGreaterThan(5);
    expect(await client.ask('GET', '/instances')).toEqual([]);
  });

  test('tells AWS clients where to go, and answers them', async () => {
    expect(platform.output()).toContain(`To connect AWS clients to ${platform.awsAddress}:`);
    const answer = await fetch(`${platform.awsAddress}/?Action=GetCallerIdentity&Version=2011-06-15`);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('MissingAuthenticationToken')]);
  });

  test('a launch is refused, and the operator hears what is missing and how to get it', async () => {
    const answer = await client.call('POST', '/instances', { name: 'web', image: 'busybox' });
    expect([answer.status, answer.code]).toEqual([503, 'ENGINE_UNAVAILABLE']);
    expect(answer.message).toContain('sudo npm start');
    expect(await client.ask('GET', '/instances')).toEqual([]);
  });

  test('a VPC waits and says so, and can be deleted', async () => {
    await client.ask('POST', '/vpcs', { name: 'net' });
    const vpc = await client.ask('GET', '/vpcs/net?wait=2');
    expect(vpc.status).toBe('pending');
    expect(vpc.status_reason).toContain('the host is not available at the moment');
    expect((await client.call('DELETE', '/vpcs/net')).status).toBe(200);
  });

  test('runs again on the same folder', async () => {
    await platform.stop();
    await platform.start();
    expect((await client.ask('GET', '/auth/me')).email).toBe(client.email);
  });
});
