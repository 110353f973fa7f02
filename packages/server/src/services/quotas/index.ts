import { invalidInput, notFound } from '../../kernel/errors.ts';
import { readDefaultQuotas } from '../../kernel/quota.ts';
import type { PageOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { type Handlers, type Quota as QuotaSpec, service, type Usage } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { findAccountNumber } from '../identity/index.ts';
import { quotaIamActions } from './aws/iam.ts';
import { quotaExamples } from './examples.ts';
import { type Quota, quotaOperations, type QuotaUsage } from './operations.ts';

export interface QuotaDeps {
  /** What has a quota, of all services. */
  readonly quotas: () => ReadonlyMap<string, QuotaSpec>;
  /** How much of it is used, of all services. */
  readonly usages: () => readonly Usage[];
}

interface Limits {
  readonly limitOf: (resource: string) => number;
  readonly defaultOf: (resource: string) => number;
}

async function refuseUnknownTenant(sql: Sql, tenantId: string): Promise<void> {
  if ((await findAccountNumber(sql, tenantId)) === undefined) throw notFound('tenant', tenantId);
}

const createQuotaHandlers = ({ quotas, usages }: QuotaDeps): Handlers<typeof quotaOperations> => {
  /** The tenant's maximum of each, and what tenants have by default. */
  const limitsOf = async (sql: Sql, tenantId: string): Promise<Limits> => {
    const rows = await sql.query<{ resource: string; max: number }>(
      'quotas.list',
      'select resource, max from quotas where tenant_id = $1 and resource = any($2)',
      [tenantId, [...quotas().keys()]],
    );
    const own = new Map(rows.map((row) => [row.resource, Number(row.max)]));
    const defaults = new Map(await readDefaultQuotas(sql, [...quotas().keys()]));
    const defaultOf = (resource: string) => defaults.get(resource) ?? quotas().get(resource)!.max;
    return { limitOf: (resource) => own.get(resource) ?? defaultOf(resource), defaultOf };
  };

  return {
    async list({ sql, input, tenantId, userId }) {
      // Who acts in no tenant uses nothing.
      if (tenantId === '') return { items: [] };
      const [{ limitOf }, ...used] = await Promise.all([
        limitsOf(sql, tenantId),
        ...usages().map((usage) => usage(sql, { tenantId, userId })),
      ]);
      const uses = new Map(used.flatMap((one) => Object.entries(one)));
      const show = ([resource, { noun }]: readonly [string, QuotaSpec]): QuotaUsage => {
        return { resource, used: uses.get(resource) ?? 0, max: limitOf(resource), unit: noun };
      };
      return pageOf(input, [...quotas()].map(show));
    },

    async ofTenant({ sql, input }) {
      const { tenant_id } = input;
      await refuseUnknownTenant(sql, tenant_id);
      const { limitOf, defaultOf } = await limitsOf(sql, tenant_id);
      const show = (resource: string): Quota => {
        return { tenant_id, resource, max: limitOf(resource), default_max: defaultOf(resource) };
      };
      return pageOf(input, [...quotas().keys()].map(show));
    },

    async set({ sql, input: { tenant_id: tenantId, resource, max }, about, unchanged }) {
      if (!quotas().has(resource))
        throw invalidInput(
          `resource '${resource}' has no quota; these have: ${[...quotas().keys()].sort().join(', ')}`,
        );
      await refuseUnknownTenant(sql, tenantId);
      const set = await sql.query(
        'quotas.set',
        `insert into quotas (tenant_id, resource, max) values ($1, $2, $3)
       on conflict (tenant_id, resource) do update set max = excluded.max
         where quotas.max is distinct from excluded.max returning 1 as ok`,
        [tenantId, resource, max],
      );
      about({ tenantId, id: resource });
      const { defaultOf } = await limitsOf(sql, tenantId);
      const answer = { tenant_id: tenantId, resource, max, default_max: defaultOf(resource) };
      return set.length > 0 ? answer : unchanged(answer);
    },
  };
};

/** A page of what is in memory, by name. */
function pageOf<T extends { readonly resource: string }>(
  input: { readonly limit?: number; readonly cursor?: string },
  all: readonly T[],
): PageOf<T> {
  const { after, limit } = pageRequest(input, (text) => /^[a-z_]{1,100}$/.test(text));
  const rest = all
    .filter((one) => after === null || one.resource > after)
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
  return toPage(rest, limit, (one) => one.resource);
}

/** How much each tenant may use, and uses. */
export const createQuotasService = (deps: QuotaDeps) =>
  service({
    name: 'quotas',
    resource: 'quota',
    title: 'Quotas',
    operations: quotaOperations,
    authority: true,
    console: {
      group: 'access',
      icon: 'gauge',
      summary: 'A quota is the most of something that this tenant may use.',
      title: 'resource',
      columns: ['resource', 'used', 'max', 'unit'],
    },
    handlers: createQuotaHandlers(deps),
    aws: [quotaIamActions],
    examples: quotaExamples,
  });
