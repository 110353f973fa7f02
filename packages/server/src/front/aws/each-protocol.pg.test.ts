import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalQuery, canonicalRequest, stringToSign } from '../../../../aws-protocol/src/sigv4/canonical.ts';
import { deriveKey, hmacHex } from '../../../../aws-protocol/src/sigv4/keys.ts';
import type { AwsServiceId } from '../../kernel/aws-actions.ts';
import { awsClient, awsCommand, type AwsKey, type ClientOptions, makeAwsKey } from '../../testing/aws-clients.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import type { TestApi } from '../../testing/test-api.ts';

// What is refused before an action runs, in the words of each protocol: EC2's, query, and JSON of a service that was query before.

const ACTIONS = [
  ['ec2', 'DescribeVpcs', '2016-11-15'],
  ['sts', 'GetCallerIdentity', '2011-06-15'],
  ['sqs', 'ListQueues', '2012-11-05'],
] as const;

const ask = async (service: AwsServiceId, action: string, api: TestApi, key: AwsKey, options?: ClientOptions) =>
  (awsClient(service, api, key, options) as { send(command: unknown): Promise<unknown> }).send(
    awsCommand(service, action, {}),
  );

/** A URL that anybody may use for a minute from now. */
function presign(url: string, key: AwsKey, service: string, query: string): string {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${stamp.slice(0, 8)}/us-east-1/${service}/aws4_request`;
  const { host } = new URL(url);
  const asked = `${query}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`${key.accessKeyId}/${scope}`)}&X-Amz-Date=${stamp}&X-Amz-Expires=60&X-Amz-SignedHeaders=host`;
  const canonical = canonicalRequest({
    method: 'GET',
    path: '/',
    query: canonicalQuery(asked),
    signedHeaders: ['host'],
    signedNames: 'host',
    headers: { host },
    payloadHash: createHash('sha256').update('').digest('hex'),
  });
  const signingKey = deriveKey(key.secretAccessKey, stamp.slice(0, 8), 'us-east-1', service);
  return `${url}/?${asked}&X-Amz-Signature=${hmacHex(signingKey, stringToSign(stamp, scope, canonical))}`;
}

describe('a request is refused', async () => {
  const here = await setUpApi();
  const key = await makeAwsKey(here.api, here.owner);
  const north = await setUpApi({ region: 'eu-north-1' });
  const northKey = await makeAwsKey(north.api, north.owner);
  const slow = await setUpApi({ clock: createManualClock(Date.now() - 16 * 60_000) });
  const slowKey = await makeAwsKey(slow.api, slow.owner);
  const later = await setUpApi({ clock: createManualClock(Date.now() + 10 * 60_000) });
  const laterKey = await makeAwsKey(later.api, later.owner);

  it.each(ACTIONS)('that was signed for another region: %s', async (service, action) => {
    await expect(ask(service, action, north.api, northKey, { region: 'ap-south-1' })).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      message: "Credential should be scoped to a valid region: 'eu-north-1', not 'ap-south-1'.",
    });
    await ask(service, action, north.api, northKey, { region: 'eu-north-1' });
  });

  it.each(ACTIONS)('whose clock is off by more than 15 minutes, with the time here: %s', async (service, action) => {
    await expect(ask(service, action, slow.api, slowKey)).rejects.toMatchObject({
      name: service === 'ec2' ? 'RequestExpired' : 'SignatureDoesNotMatch',
      message: expect.stringContaining("the server's time is"),
    });
  });

  it.each(ACTIONS)('by a presigned URL that has expired, and not before: %s', async (service, action, version) => {
    const query = `Action=${action}&Version=${version}`;
    const good = await fetch(presign(here.api.awsUrl, key, service, query));
    expect([good.status, await good.text()]).toEqual([200, expect.stringContaining(`<${action}Response`)]);
    const late = await fetch(presign(later.api.awsUrl, laterKey, service, query));
    expect([late.status, await late.text()]).toEqual([400, expect.stringContaining('<Code>RequestExpired</Code>')]);
    // The same clock is no trouble for a request that is signed now.
    await ask(service, action, later.api, laterKey);
  });
});

describe('the health of the door', () => {
  it('is told without a key, for load balancers', async () => {
    let isUp = true;
    const { api } = await setUpApi({
      wrap: (database) => ({
        ...database,
        query: (name, ...rest) =>
          name === 'health.ping' && !isUp ? Promise.reject(new Error('gone')) : database.query(name, ...rest),
      }),
    });
    const look = async (method = 'GET') => {
      const answer = await fetch(`${api.awsUrl}/_health`, { method });
      return [answer.status, await answer.text()];
    };
    expect(await look()).toEqual([200, '{"status":"UP"}']);
    expect(await look('HEAD')).toEqual([200, '']);
    isUp = false;
    expect(await look()).toEqual([503, '{"status":"DOWN"}']);
    const requests = await api.metrics.prometheus.getSingleMetricAsString('thecloud_http_requests_total');
    expect(requests).toContain('path="aws:health"');
  });
});
