import Type, { type Static } from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';

export const Quota = Type.Object(
  {
    tenant_id: Type.String({ format: 'uuid' }),
    resource: Type.String({ description: 'Counted resource: instances, vcpus, memory_mb, storage_gb …' }),
    max: Type.Integer({ description: 'Maximum that the tenant may use' }),
    default_max: Type.Integer({ description: 'Default maximum for tenants' }),
  },
  { $id: 'Quota' },
);
export type Quota = Static<typeof Quota>;

export const QuotaUsage = Type.Object(
  {
    resource: Type.String({ description: 'Counted resource: instances, vcpus, memory_mb, storage_gb …' }),
    used: Type.Integer({ description: 'Amount that is used' }),
    max: Type.Integer({ description: 'Maximum that may be used' }),
    unit: Type.String({ description: 'Unit of used and max' }),
  },
  { $id: 'QuotaUsage' },
);
export type QuotaUsage = Static<typeof QuotaUsage>;

const tenantId = Type.String({ format: 'uuid', description: 'Id of the tenant' });
const columns = ['resource', 'max', 'default_max'];

/** What a tenant uses, and what the operator of the platform lets it use. */
export const quotaOperations = {
  list: operation({
    summary: 'List your quotas',
    description:
      'Shows what your tenant uses of each quota, and its maximum. A call that would exceed a quota is refused with QUOTA_EXCEEDED; the operator of the platform can raise it.',
    effect: 'list',
    scope: 'user',
    http: { method: 'GET', path: '/quotas' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: QuotaUsage,
    cli: { columns: ['resource', 'used', 'max', 'unit'] },
  }),
  ofTenant: operation({
    summary: "List a tenant's quotas",
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/tenants/:tenant_id/quotas' },
    input: Type.Object({ tenant_id: tenantId, ...pageInput }, { additionalProperties: false }),
    output: Quota,
    errors: ['NOT_FOUND'],
    cli: { args: ['tenant_id'], columns },
    console: 'custom',
  }),
  set: operation({
    summary: "Set a tenant's quota",
    description:
      "Applies to the next call that would use more; existing resources stay. Recorded in the tenant's audit log.",
    effect: 'update',
    scope: 'operator',
    http: { method: 'PUT', path: '/operator/tenants/:tenant_id/quotas/:resource' },
    input: Type.Object(
      {
        tenant_id: tenantId,
        resource: Type.String({
          minLength: 1,
          maxLength: 100,
          description: 'Counted resource as in the list: instances, vcpus …',
        }),
        max: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
      },
      { additionalProperties: false },
    ),
    output: Quota,
    errors: ['NOT_FOUND'],
    cli: { args: ['tenant_id', 'resource'], columns },
    console: 'custom',
  }),
};
