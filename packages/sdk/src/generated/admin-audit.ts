// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { AuditLog } from './models.ts';

export interface AdminAuditListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only rows written at this time or later */
  readonly from?: string | undefined;
  /** Only rows written before this time */
  readonly to?: string | undefined;
  /** Only acts of this user: id or e-mail address */
  readonly actor?: string | undefined;
  /** Only this action, or all of one resource: instance.* */
  readonly action?: string | undefined;
  /** Only acts on this kind of resource: instance, vpc … */
  readonly resource_type?: string | undefined;
  /** Only acts on this resource: id, or the name that a refused call gave */
  readonly resource_id?: string | undefined;
  /** Only acts that were allowed or refused */
  readonly outcome?: "allowed" | "refused" | undefined;
  /** Only acts with this API key or session */
  readonly key_id?: string | undefined;
  /** Only acts of this request */
  readonly request_id?: string | undefined;
  /** Only the trail of this tenant */
  readonly tenant_id?: string | undefined;
}

export interface AdminAuditExportInput {
  /** Only rows written at this time or later */
  readonly from?: string | undefined;
  /** Only rows written before this time */
  readonly to?: string | undefined;
  /** Default jsonl, which cloud audit verify can check */
  readonly format?: "jsonl" | "csv" | undefined;
}

export interface AdminAudit {
  /**
   * List the audit trail of all tenants.
   * Newest first. Filters by action and resource need a tenant.
   * GET /operator/audit · scope operator
   */
  list(input?: AdminAuditListInput, options?: CallOptions): Promise<Page<AuditLog>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AdminAuditListInput, options?: CallOptions): AsyncGenerator<AuditLog, void, undefined>;
  /**
   * Export the audit trail of all tenants.
   * JSON lines hold whole checkpoints with their rows, and verify offline: cloud audit verify FILE. CSV holds the rows alone, for a spreadsheet.
   * GET /operator/audit/export · scope operator
   */
  export(input?: AdminAuditExportInput, options?: CallOptions): Promise<string>;
  /** The same, as it comes. */
  exportStream(input?: AdminAuditExportInput, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
}

const SPECS = {
  list: {"name":"admin-audit.list","method":"GET","path":"/operator/audit"},
  export: {"name":"admin-audit.export","method":"GET","path":"/operator/audit/export","answer":"stream"},
} as const;

export function createAdminAudit(transport: Transport): AdminAudit {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    export: (input, options) => transport.call(SPECS.export, { ...input }, options),
    exportStream: (input, options) => transport.stream(SPECS.export, { ...input }, options),
  };
}
