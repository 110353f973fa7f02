import type { Caller, Origin } from './caller.ts';
import { forbidden, unauthorized } from './errors.ts';
import { newSecret, sha256Hex } from './ids.ts';
import { proofOf } from './proof.ts';
import type { IssuedTicket } from './service.ts';
import type { Sql } from './sql/tx.ts';

/** What a ticket lets its bearer do, once. */
export interface Ticket {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly operation: string;
  /** What it is done to, a resource of the tenant. Null: the operation has no target. */
  readonly target_id: string | null;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What a ticket is for. */
export interface Permit {
  readonly caller: Caller;
  readonly tenantId: string;
  readonly operation: string;
  readonly targetId: string | undefined;
  readonly spec: object;
  /** For the audit row that the worker writes. */
  readonly metadata: object;
  readonly origin: Origin;
}

/**
 * Issues a single-use ticket for the worker's live socket, in the call's transaction. The database issues none on the word of this process: it
 * looks up the caller's own key again, and notes what that key may do; a ticket ends after 30 s. It holds only the ticket's hash. Throws
 * FORBIDDEN without a key, UNAUTHORIZED if the key has ended or may no longer act in the tenant.
 */
export async function issueTicket(sql: Sql, permit: Permit): Promise<IssuedTicket> {
  const { caller, tenantId, operation, targetId, spec, metadata, origin } = permit;
  const key = proofOf(caller);
  if (key === undefined) throw forbidden('this needs an API key (thecloud_…): call it through the REST API');
  const ticket = newSecret(32);
  const [row] = await sql.query<{ issued: boolean }>(
    'kernel.issue_ticket',
    'select issue_ticket($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as issued',
    [
      key,
      tenantId,
      origin.ip ?? null,
      sha256Hex(ticket),
      operation,
      targetId ?? null,
      JSON.stringify(spec),
      JSON.stringify(metadata),
      origin.requestId,
      origin.userAgent?.slice(0, 255) ?? null,
    ],
  );
  if (!row!.issued) throw unauthorized('the key of this request has ended, or may no longer act in this tenant');
  return ticket as IssuedTicket;
}
