import type { Example } from '../../kernel/example.ts';
import type { quotaOperations } from './operations.ts';

export const quotaExamples: Record<keyof typeof quotaOperations, Example> = {
  list: { input: async () => ({}) },
  ofTenant: { input: async ({ tenantId }) => ({ tenant_id: tenantId }) },
  set: { input: async ({ tenantId }) => ({ tenant_id: tenantId, resource: 'instances', max: 1_000_000 }) },
};
