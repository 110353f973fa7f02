import { newSecret, sha256Hex } from './ids.ts';
import type { Call, IssuedTicket } from './service.ts';

/** Seconds that a ticket is good for. */
export const TICKET_SECONDS = 30;

/** What a ticket lets its bearer do, once. */
export interface Ticket {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly operation: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * Issues a single-use ticket for the worker's live socket, in the call's transaction: the caller has been authorised, and what may be
 * done is written down. The database holds only its hash.
 */
export async function issueTicket(
  call: Pick<Call, 'sql' | 'tenantId' | 'userId'>,
  operation: string,
  spec: object,
): Promise<IssuedTicket> {
  const ticket = newSecret(32);
  await call.sql.query(
    'kernel.issue_ticket',
    `insert into stream_tickets (ticket_hash, tenant_id, user_id, operation, spec, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
    [sha256Hex(ticket), call.tenantId, call.userId, operation, JSON.stringify(spec), TICKET_SECONDS],
  );
  return ticket as IssuedTicket;
}
