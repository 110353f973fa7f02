/** Latency of the control plane at 200 requests a second: read one, list 50, write a VPC row. Target: p99 below 25 ms. */
import { createTenant, startPlatform, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { loadAtRate, median, ms, quantile, record } from '../measure.ts';

const RATE = 200;
const SECONDS = 15;

const platform = await startPlatform({ env: { CLOUD_TEST_MODE: 'off', CLOUD_RATE_LIMIT: '100000' } });
try {
  const tenant = await createTenant(platform, 'bench');
  for (let index = 0; index < 50; index++)
    await tenant.ask('POST', '/vpcs', { name: `vpc-${index}`, cidr_block: '10.0.0.0/24' });
  // Laying fifty networks is not what is measured here.
  await waitFor('the networks to be laid', async () => {
    const [row] = await platform.query<{ left: number }>(
      `select count(*)::int as left from vpcs where status <> 'active'`,
    );
    return row?.left === 0;
  });
  const headers = { 'x-api-key': tenant.key, 'content-type': 'application/json' };
  const cases = {
    'GET one': () => fetch(`${platform.address}/vpcs/vpc-7`, { headers }),
    'list of 50': () => fetch(`${platform.address}/vpcs?limit=50`, { headers }),
    'PATCH a VPC row': (index: number) =>
      fetch(`${platform.address}/vpcs/vpc-${index % 50}`, {
        method: 'PATCH',
        headers,
        body: JSON.stringify({ name: `vpc-${index % 50}` }),
      }),
  };
  for (const [what, send] of Object.entries(cases)) {
    await loadAtRate(RATE, 2, send);
    const times = await loadAtRate(RATE, SECONDS, send);
    await record(
      'control-plane',
      `${what} at ${RATE}/s: p50 ${ms(median(times))}, p99 ${ms(quantile(times, 0.99))}, max ${ms(Math.max(...times))}, n=${times.length}`,
    );
  }
} finally {
  await platform.close();
}
