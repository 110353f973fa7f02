// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { AuditLog, AuditProof, AuditPublicKey, AuditRetention } from './models.ts';

export interface AuditListInput {
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
}

export interface AuditGetInput {
  readonly id: string;
}

export interface AuditExportInput {
  /** Only rows written at this time or later */
  readonly from?: string | undefined;
  /** Only rows written before this time */
  readonly to?: string | undefined;
  /** Default jsonl, which cloud audit verify can check */
  readonly format?: "jsonl" | "csv" | undefined;
}

export interface AuditProveInput {
  readonly id: string;
}

export interface AuditPublicKeyInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface AuditSetRetentionInput {
  /** Days to keep rows */
  readonly days: number;
}

export interface Audit {
  /**
   * List the audit trail.
   * Lists who did what in the tenant, newest first, with refused attempts.
   * GET /audit · permission audit:read
   */
  list(input?: AuditListInput, options?: CallOptions): Promise<Page<AuditLog>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AuditListInput, options?: CallOptions): AsyncGenerator<AuditLog, void, undefined>;
  /**
   * Get a row of the audit trail.
   * GET /audit/:id · permission audit:read · errors NOT_FOUND
   */
  get(input: AuditGetInput | string, options?: CallOptions): Promise<AuditLog>;
  /**
   * Export the audit trail.
   * JSON lines hold whole checkpoints with their rows, and verify offline: cloud audit verify FILE. CSV holds the rows alone, for a spreadsheet.
   * GET /audit/export · permission audit:read
   */
  export(input?: AuditExportInput, options?: CallOptions): Promise<string>;
  /** The same, as it comes. */
  exportStream(input?: AuditExportInput, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Prove that a row is in the audit trail.
   * Returns what shows, with the public key alone, that the row was in the trail when its checkpoint was signed. A row is covered within about a minute.
   * GET /audit/:id/proof · permission audit:read · errors NOT_FOUND, AUDIT_NOT_COVERED
   */
  prove(input: AuditProveInput | string, options?: CallOptions): Promise<AuditProof>;
  /**
   * Show the public keys of the audit trail.
   * Lists the keys that sign checkpoints, newest first. Note them where the platform cannot change them.
   * GET /audit/public-key · scope public
   */
  publicKey(input?: AuditPublicKeyInput, options?: CallOptions): Promise<Page<AuditPublicKey>>;
  /** All of them, page by page as they are asked for. */
  publicKeyAll(input?: AuditPublicKeyInput, options?: CallOptions): AsyncGenerator<AuditPublicKey, void, undefined>;
  /**
   * Show how long the audit trail is kept.
   * GET /audit/retention · permission audit:read
   */
  retention(options?: CallOptions): Promise<AuditRetention>;
  /**
   * Change how long the audit trail is kept.
   * Rows are pruned after this time, once they are in an archive of the operator.
   * PUT /audit/retention · permission audit:update
   */
  setRetention(input: AuditSetRetentionInput, options?: CallOptions): Promise<AuditRetention>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: AuditLog) => boolean, options?: WaitUntilOptions<AuditLog>): Promise<AuditLog>;
}

const SPECS = {
  list: {"name":"audit.list","method":"GET","path":"/audit"},
  get: {"name":"audit.get","method":"GET","path":"/audit/:id"},
  export: {"name":"audit.export","method":"GET","path":"/audit/export","answer":"stream"},
  prove: {"name":"audit.prove","method":"GET","path":"/audit/:id/proof"},
  publicKey: {"name":"audit.publicKey","method":"GET","path":"/audit/public-key"},
  retention: {"name":"audit.retention","method":"GET","path":"/audit/retention"},
  setRetention: {"name":"audit.setRetention","method":"PUT","path":"/audit/retention"},
} as const;

export function createAudit(transport: Transport): Audit {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    export: (input, options) => transport.call(SPECS.export, { ...input }, options),
    exportStream: (input, options) => transport.stream(SPECS.export, { ...input }, options),
    prove: (input, options) => transport.call(SPECS.prove, typeof input === 'string' ? { id: input } : { ...input }, options),
    publicKey: (input, options) => transport.page(SPECS.publicKey, { ...input }, options),
    publicKeyAll: (input, options) => listAll(transport, SPECS.publicKey, { ...input }, options),
    retention: (options) => transport.call(SPECS.retention, {}, options),
    setRetention: (input, options) => transport.call(SPECS.setRetention, { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<AuditLog>(transport, SPECS.get, id, isDone, options),
  };
}
