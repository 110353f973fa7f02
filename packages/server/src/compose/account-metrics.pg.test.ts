import { expect, it } from 'vitest';
import { createMetrics } from '../kernel/metrics.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { seedDatabase } from '../testing/seed.ts';
import { addAccountMetrics } from './account-metrics.ts';

it('users, tenants and memberships are counted over all tenants, at most once a minute', async () => {
  const db = await seedDatabase();
  try {
    const metrics = createMetrics();
    const clock = createManualClock();
    addAccountMetrics(metrics, db.operator, clock);
    const count = async (of: string) => {
      const text = await metrics.prometheus.getSingleMetricAsString('thecloud_accounts');
      return Number(new RegExp(`\\{of="${of}"\\} (\\d+)`).exec(text)?.[1]);
    };
    const before = await count('tenants_active');
    const tenant = await db.makeTenant();
    await db.makeTenant();
    expect(await count('tenants_active')).toBe(before);
    await db.owner.query(`update tenants set status = 'suspended' where id = $1`, [tenant.tenantId]);
    await clock.advance(61_000);
    expect([await count('tenants_active'), await count('tenants_suspended')]).toEqual([before + 1, 1]);
    expect(await count('users')).toBeGreaterThan(1);
  } finally {
    await db.drop();
  }
});
