import { conflict, quotaExceeded } from './errors.ts';
import Type from 'typebox';
import { type PlatformSetting, quotaSettingName } from './platform-setting.ts';
import type { Quota, QuotaUse } from './service.ts';
import type { Sql } from './sql/tx.ts';

/** Most resources that have a quota. */
const MAX_QUOTAS = 200;

/** Waits until no other call of the tenant uses up a quota, and keeps it so until the end of the transaction. */
export async function lockQuotas(sql: Sql, tenantId: string): Promise<void> {
  await sql.query('kernel.lock_quota', `select pg_advisory_xact_lock(hashtextextended('quota:' || $1, 0))`, [tenantId]);
}

/**
 * Throws QUOTA_EXCEEDED for the first thing that would not fit. Calls of one tenant that use up a quota wait for each other until the end of
 * their transactions, also those of other processes. The lock and what is counted behind it travel together: one round trip.
 */
export async function checkQuota(
  sql: Sql,
  tenantId: string,
  quotas: ReadonlyMap<string, Quota>,
  /** Those that the operation says it uses. */
  declared: readonly string[],
  count: () => Promise<readonly QuotaUse[]>,
): Promise<void> {
  const [, [tenant], uses, rows, defaults] = await Promise.all([
    lockQuotas(sql, tenantId),
    // Who waited for the lock may have waited for the end or the suspension of the tenant.
    sql.query<{ closed: boolean; suspended: boolean }>(
      'kernel.is_tenant_closed',
      `select closed_at is not null as closed, status = 'suspended' as suspended from tenants where id = $1`,
      [tenantId],
    ),
    count(),
    sql.query<{ resource: string; max: number }>(
      'kernel.read_quotas',
      `select resource, max from quotas where tenant_id = $1 limit ${MAX_QUOTAS}`,
      [tenantId],
    ),
    readDefaultQuotas(sql, declared),
  ]);
  if (tenant?.closed) throw conflict('this tenant was closed; nothing can be created in it');
  if (tenant?.suspended) throw conflict('this tenant is suspended; nothing can be created in it');
  const limits = new Map([...defaults, ...rows.map((row) => [row.resource, Number(row.max)] as const)]);
  for (const use of uses) {
    const quota = quotas.get(use.resource);
    if (quota === undefined || !declared.includes(use.resource))
      throw new Error(`no service or not this operation declares the quota '${use.resource}'`);
    const max = limits.get(use.resource) ?? quota.max;
    if (use.used + use.wanted <= max) continue;
    const error = quotaExceeded(
      `quota '${use.resource}': ${use.used} of ${max} ${quota.noun} are used, and this needs ${use.wanted} more. ${quota.free}, or ask the operator of the platform for more: cloud admin quotas set ${tenantId} ${use.resource} <max>`,
    );
    // The first that an operation uses is what it creates, one at a time.
    error.isForAll = use.resource === declared[0] && use.used >= max;
    throw error;
  }
}

/** A setting for each quota: what a tenant has of it by default. */
export const quotaSettings = (quotas: ReadonlyMap<string, Quota>): readonly PlatformSetting[] =>
  [...quotas].map(([resource, { max, noun }]) => ({
    name: quotaSettingName(resource),
    schema: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
    default: max,
    description: `Most ${noun} of a tenant for which you have set no quota`,
  }));

/** Default maximums that the operator has set, by resource. Those that are missing are the services' own. */
export async function readDefaultQuotas(
  sql: Sql,
  resources: readonly string[],
): Promise<readonly (readonly [resource: string, max: number])[]> {
  const names = new Map(resources.map((resource) => [quotaSettingName(resource), resource]));
  const rows = await sql.query<{ name: string; value: string }>(
    'kernel.read_default_quotas',
    'select name, value from platform_settings where name = any($1)',
    [[...names.keys()]],
  );
  return rows.map((row) => [names.get(row.name)!, Number(row.value)]);
}
