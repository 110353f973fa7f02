// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { OperatedTenant } from './models.ts';

export interface AdminTenantsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** suspended: every call in it is refused */
  readonly status?: "active" | "suspended" | undefined;
  readonly plan?: "free" | "pro" | "enterprise" | undefined;
  /** Id or e-mail address of the owner */
  readonly owner?: string | undefined;
  /** Show what each tenant uses */
  readonly usage?: boolean | undefined;
}

export interface AdminTenantsGetInput {
  /** Id or slug */
  readonly id: string;
}

export interface AdminTenantsSuspendInput {
  /** Id or slug */
  readonly id: string;
  /** What its members are told */
  readonly reason: string;
  /** Also stop its instances; they stay stopped when it is resumed */
  readonly stop?: boolean | undefined;
}

export interface AdminTenantsResumeInput {
  /** Id or slug */
  readonly id: string;
}

export interface AdminTenantsSetPlanInput {
  /** Id or slug */
  readonly id: string;
  readonly plan: "free" | "pro" | "enterprise";
}

export interface AdminTenants {
  /**
   * List tenants.
   * GET /operator/tenants · scope operator · errors NOT_FOUND
   */
  list(input?: AdminTenantsListInput, options?: CallOptions): Promise<Page<OperatedTenant>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AdminTenantsListInput, options?: CallOptions): AsyncGenerator<OperatedTenant, void, undefined>;
  /**
   * Get a tenant and its usage.
   * GET /operator/tenants/:id · scope operator
   */
  get(input: AdminTenantsGetInput | string, options?: CallOptions): Promise<OperatedTenant>;
  /**
   * Suspend a tenant.
   * Every call in the tenant is refused within a second, with the reason. Its instances keep running, unless you pass stop. Its data stays.
   * POST /operator/tenants/:id/suspend · scope operator
   */
  suspend(input: AdminTenantsSuspendInput, options?: CallOptions & VersionOption): Promise<OperatedTenant>;
  /**
   * Resume a suspended tenant.
   * POST /operator/tenants/:id/resume · scope operator
   */
  resume(input: AdminTenantsResumeInput | string, options?: CallOptions & VersionOption): Promise<OperatedTenant>;
  /**
   * Set a tenant's plan.
   * A word for people and billing. It changes no quota.
   * PUT /operator/tenants/:id/plan · scope operator
   */
  setPlan(input: AdminTenantsSetPlanInput, options?: CallOptions & VersionOption): Promise<OperatedTenant>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: OperatedTenant) => boolean, options?: WaitUntilOptions<OperatedTenant>): Promise<OperatedTenant>;
}

const SPECS = {
  list: {"name":"admin-tenants.list","method":"GET","path":"/operator/tenants"},
  get: {"name":"admin-tenants.get","method":"GET","path":"/operator/tenants/:id"},
  suspend: {"name":"admin-tenants.suspend","method":"POST","path":"/operator/tenants/:id/suspend"},
  resume: {"name":"admin-tenants.resume","method":"POST","path":"/operator/tenants/:id/resume"},
  setPlan: {"name":"admin-tenants.setPlan","method":"PUT","path":"/operator/tenants/:id/plan"},
} as const;

export function createAdminTenants(transport: Transport): AdminTenants {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    suspend: (input, options) => transport.call(SPECS.suspend, { ...input }, options),
    resume: (input, options) => transport.call(SPECS.resume, typeof input === 'string' ? { id: input } : { ...input }, options),
    setPlan: (input, options) => transport.call(SPECS.setPlan, { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<OperatedTenant>(transport, SPECS.get, id, isDone, options),
  };
}
