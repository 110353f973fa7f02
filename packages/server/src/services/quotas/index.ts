import { invalidInput, notFound } from '../../kernel/errors.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { findAccountNumber } from '../identity/index.ts';
import { quotaExamples } from './examples.ts';
import { type Quota, quotaOperations } from './operations.ts';

export interface QuotaDeps {
  /** What has a quota, and its maximum for a tenant that has none of its own: of all services. */
  readonly defaults: () => ReadonlyMap<string, number>;
}

async function refuseUnknownTenant(sql: Sql, tenantId: string): Promise<void> {
  if ((await findAccountNumber(sql, tenantId)) === undefined) throw notFound('tenant', tenantId);
}

const createQuotaHandlers = ({ defaults }: QuotaDeps): Handlers<typeof quotaOperations> => ({
  async list({ sql, input }) {
    const page = pageRequest(input, (text) => /^[a-z_]{1,100}$/.test(text));
    await refuseUnknownTenant(sql, input.tenant_id);
    const rows = await sql.query<{ resource: string; max: number }>(
      'quotas.list',
      'select resource, max from quotas where tenant_id = $1 and resource = any($2)',
      [input.tenant_id, [...defaults().keys()]],
    );
    const own = new Map(rows.map((row) => [row.resource, Number(row.max)]));
    const all = [...defaults()]
      .map(([resource, max]): Quota => {
        return { tenant_id: input.tenant_id, resource, max: own.get(resource) ?? max, default_max: max };
      })
      .sort((a, b) => (a.resource < b.resource ? -1 : 1));
    const after = page.after;
    return toPage(
      after === null ? all : all.filter((quota) => quota.resource > after),
      page.limit,
      (one) => one.resource,
    );
  },

  async set({ sql, input: { tenant_id: tenantId, resource, max }, about }) {
    const defaultMax = defaults().get(resource);
    if (defaultMax === undefined)
      throw invalidInput(
        `resource '${resource}' has no quota; choose one of: ${[...defaults().keys()].sort().join(', ')}`,
      );
    await refuseUnknownTenant(sql, tenantId);
    await sql.query(
      'quotas.set',
      `insert into quotas (tenant_id, resource, max) values ($1, $2, $3)
       on conflict (tenant_id, resource) do update set max = excluded.max`,
      [tenantId, resource, max],
    );
    about({ tenantId, id: resource });
    return { tenant_id: tenantId, resource, max, default_max: defaultMax };
  },
});

/** How much each tenant may use: for the operator. */
export const createQuotasService = (deps: QuotaDeps) =>
  service({
    name: 'quotas',
    resource: 'quota',
    title: 'Quotas',
    operations: quotaOperations,
    handlers: createQuotaHandlers(deps),
    examples: quotaExamples,
  });
