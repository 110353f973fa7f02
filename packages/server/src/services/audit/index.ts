import { service } from '../../kernel/service.ts';
import { AUDIT_ERRORS } from './errors.ts';
import { adminAuditExamples, auditExamples } from './examples.ts';
import { adminAuditHandlers, createAuditHandlers } from './handlers.ts';
import { adminAuditOperations, auditOperations } from './operations.ts';
import type { RetentionBounds } from './retention.ts';
import { type AuditWorkerDeps, createAuditWorker } from './worker.ts';

export { addAuditMetrics } from './worker.ts';

interface AuditDeps {
  readonly auditMinDays: number;
  readonly auditMaxDays: number;
  readonly worker?: AuditWorkerDeps;
}

/** Who did what, in a tenant. */
export const createAuditService = ({ auditMinDays, auditMaxDays, worker }: AuditDeps) => {
  const bounds: RetentionBounds = { minimum: auditMinDays, maximum: auditMaxDays };
  return service({
    name: 'audit',
    resource: 'audit',
    title: 'Audit trail',
    operations: auditOperations,
    authority: true,
    console: {
      group: 'activity',
      icon: 'scroll-text',
      summary:
        'The audit trail holds every change and every refused attempt in this tenant, signed so that nobody can alter it unseen.',
      noun: 'audit row',
      title: 'action',
      status: 'outcome',
      columns: ['created_at', 'action', 'user_id', 'resource_type', 'resource_id', 'outcome', 'ip_address'],
      references: { user_id: 'member', key_id: 'member_key' },
    },
    handlers: createAuditHandlers(bounds),
    errors: AUDIT_ERRORS,
    examples: auditExamples,
    ...(worker ? { worker: createAuditWorker(worker, bounds) } : {}),
  });
};

/** The same over all tenants. */
export const createAdminAuditService = () =>
  service({
    name: 'admin-audit',
    resource: 'audit',
    title: 'Audit trail of all tenants',
    operations: adminAuditOperations,
    console: {
      group: 'operator',
      heading: 'Audit trail',
      icon: 'scroll',
      order: 6,
      summary: 'The audit trails of all tenants, with every change and every refused attempt.',
      noun: 'audit row',
      title: 'action',
      status: 'outcome',
      columns: ['created_at', 'action', 'tenant_id', 'user_id', 'resource_type', 'resource_id', 'outcome'],
      references: { user_id: 'operated_user', tenant_id: 'operated_tenant' },
    },
    handlers: adminAuditHandlers,
    examples: adminAuditExamples,
  });
