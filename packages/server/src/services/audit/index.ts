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
    handlers: adminAuditHandlers,
    examples: adminAuditExamples,
  });
