// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { Quota, QuotaUsage } from './models.ts';

export interface QuotasListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface QuotasOfTenantInput {
  /** Id of the tenant */
  readonly tenant_id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface QuotasSetInput {
  /** Id of the tenant */
  readonly tenant_id: string;
  /** Counted resource as in the list: instances, vcpus … */
  readonly resource: string;
  readonly max: number;
}

export interface Quotas {
  /**
   * List your quotas.
   * Shows what your tenant uses of each quota, and its maximum. A call that would exceed a quota is refused with QUOTA_EXCEEDED; the operator of the platform can raise it.
   * GET /quotas · scope user
   */
  list(input?: QuotasListInput, options?: CallOptions): Promise<Page<QuotaUsage>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: QuotasListInput, options?: CallOptions): AsyncGenerator<QuotaUsage, void, undefined>;
  /**
   * List a tenant's quotas.
   * GET /operator/tenants/:tenant_id/quotas · scope operator · errors NOT_FOUND
   */
  ofTenant(input: QuotasOfTenantInput | string, options?: CallOptions): Promise<Page<Quota>>;
  /** All of them, page by page as they are asked for. */
  ofTenantAll(input: QuotasOfTenantInput | string, options?: CallOptions): AsyncGenerator<Quota, void, undefined>;
  /**
   * Set a tenant's quota.
   * Applies to the next call that would use more; existing resources stay. Recorded in the tenant's audit log.
   * PUT /operator/tenants/:tenant_id/quotas/:resource · scope operator · errors NOT_FOUND
   */
  set(input: QuotasSetInput, options?: CallOptions): Promise<Quota>;
}

const SPECS = {
  list: {"name":"quotas.list","method":"GET","path":"/quotas"},
  ofTenant: {"name":"quotas.ofTenant","method":"GET","path":"/operator/tenants/:tenant_id/quotas"},
  set: {"name":"quotas.set","method":"PUT","path":"/operator/tenants/:tenant_id/quotas/:resource"},
} as const;

export function createQuotas(transport: Transport): Quotas {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    ofTenant: (input, options) => transport.page(SPECS.ofTenant, typeof input === 'string' ? { tenant_id: input } : { ...input }, options),
    ofTenantAll: (input, options) => listAll(transport, SPECS.ofTenant, typeof input === 'string' ? { tenant_id: input } : { ...input }, options),
    set: (input, options) => transport.call(SPECS.set, { ...input }, options),
  };
}
