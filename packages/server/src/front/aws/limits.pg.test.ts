import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { newAwsKeyPair } from '../../kernel/ids.ts';
import { type AwsKey, ec2Client, makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

const clock = createManualClock(Date.now());
const { api, owner } = await setUpApi({
  clock,
  rates: { perSecond: 1, burst: 3 },
  trustedProxies: ['127.0.0.1'],
});

/** How a call from an address ended. */
async function ask(key: AwsKey, from = '203.0.113.1'): Promise<string> {
  const client = stsClient(api, key, { headers: { 'x-forwarded-for': from } });
  return client.send(new GetCallerIdentityCommand()).then(
    () => 'ok',
    (error: Error) => error.name,
  );
}
const repeat = async (times: number, call: () => Promise<string>): Promise<string[]> => {
  const all: string[] = [];
  for (let n = 0; n < times; n++) all.push(await call());
  return all;
};

describe('limits of rate', () => {
  it('hold for each key, and say so as the service does', async () => {
    const [one, two] = [await makeAwsKey(api, owner), await makeAwsKey(api, await api.makeActor())];
    expect(await repeat(4, () => ask(one))).toEqual(['ok', 'ok', 'ok', 'Throttling']);
    // From another address too: it is the key's limit.
    expect(await ask(one, '203.0.113.2')).toBe('Throttling');
    const refused = await ec2Client(api, one)
      .send(new DescribeVpcsCommand())
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'RequestLimitExceeded',
      $metadata: { httpStatusCode: 503 },
      $response: { headers: { 'retry-after': '1' } },
    });
    expect(await ask(two)).toBe('ok');
    await clock.advance(1_000);
    expect(await ask(one)).toBe('ok');
    const lines = api.logLines.filter((line) => /"level":50/.test(line));
    expect(lines).toEqual([]);
  });

  it('hold for both doors together', async () => {
    const key = await makeAwsKey(api, await api.makeActor());
    await clock.advance(10_000);
    const rest = () => api.call('auth.me', {}, { key: key.key });
    expect([(await rest()).status, (await rest()).status, await ask(key)]).toEqual([200, 200, 'ok']);
    expect([(await rest()).status, await ask(key)]).toEqual([429, 'Throttling']);
  });

  it('hold for all keys of a tenant together', async () => {
    const actor = await api.makeActor();
    const keys = [await makeAwsKey(api, actor), await makeAwsKey(api, actor), await makeAwsKey(api, actor)];
    await clock.advance(10_000);
    for (const key of keys.slice(0, 2)) expect(await repeat(3, () => ask(key))).toEqual(['ok', 'ok', 'ok']);
    expect(await ask(keys[2]!)).toBe('Throttling');
    await clock.advance(1_000);
    expect(await ask(keys[2]!)).toBe('ok');
  });

  it('hold for what strangers try from an address; a key that was good there is served, and so is who comes from elsewhere', async () => {
    const key = await makeAwsKey(api, await api.makeActor());
    await clock.advance(10_000);
    expect(await ask(key, '203.0.113.3')).toBe('ok');
    const tries = await repeat(301, () => ask(newAwsKeyPair(), '203.0.113.3'));
    expect(tries.indexOf('Throttling')).toBe(300);
    expect(new Set(tries.slice(0, 300))).toEqual(new Set(['InvalidClientTokenId']));
    const unsigned = await fetch(`${api.awsUrl}/?Action=GetCallerIdentity&Version=2011-06-15`, {
      headers: { 'x-forwarded-for': '203.0.113.3' },
    });
    expect(await unsigned.text()).toContain('Throttling');
    expect(await ask(key, '203.0.113.3')).toBe('ok');
    expect(await ask(key, '203.0.113.4')).toBe('ok');
  });

  it('of a key are not used up by those who know only its id', async () => {
    const key = await makeAwsKey(api, await api.makeActor());
    await clock.advance(10_000);
    expect(await ask(key, '203.0.113.5')).toBe('ok');
    const guess = { ...key, secretAccessKey: 'x' };
    for (const from of ['203.0.113.6', '203.0.113.7'])
      expect(new Set(await repeat(10, () => ask(guess, from)))).toEqual(new Set(['SignatureDoesNotMatch']));
    expect(await ask(key, '203.0.113.5')).toBe('ok');
  });
});
