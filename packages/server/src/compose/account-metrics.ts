import type { Clock } from '../kernel/clock.ts';
import type { Metrics } from '../kernel/metrics.ts';
import { createShortMemory } from '../kernel/short-memory.ts';
import type { Sql } from '../kernel/sql/tx.ts';

/** Milliseconds that counts are kept: counting 100,000 rows takes some 20 ms. */
const KEPT_MS = 60_000;

/** How many users, tenants and memberships there are. `operator` reads all tenants. */
export function addAccountMetrics(metrics: Metrics, operator: Sql, clock: Clock): void {
  const counts = createShortMemory<readonly { labels: { of: string }; value: number }[]>(clock, KEPT_MS);
  const count = async () => {
    const [row] = await operator.query<Record<string, number>>(
      'metrics.accounts',
      `select (select count(*) from users where closed_at is null)::int as users, (select count(*) from memberships)::int as memberships,
         (select count(*) from tenants where closed_at is null and status = 'active')::int as tenants_active,
         (select count(*) from tenants where closed_at is null and status <> 'active')::int as tenants_suspended`,
    );
    return Object.entries(row!).map(([of, value]) => ({ labels: { of }, value }));
  };
  metrics.gauges(
    'thecloud_accounts',
    'Users, tenants and memberships, counted at most once a minute',
    ['of'],
    async () => (await counts.get('', count))!,
  );
}
