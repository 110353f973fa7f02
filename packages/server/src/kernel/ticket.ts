import { newSecret, sha256Hex } from './ids.ts';
import type { Call } from './service.ts';
import type { Sql } from './sql/tx.ts';

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
export async function issueTicket(call: Call, operation: string, spec: object): Promise<string> {
  const ticket = newSecret(32);
  await call.sql.query(
    'kernel.issue_ticket',
    `insert into stream_tickets (ticket_hash, tenant_id, user_id, operation, spec, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
    [sha256Hex(ticket), call.tenantId, call.userId, operation, JSON.stringify(spec), TICKET_SECONDS],
  );
  return ticket;
}

/** Removes what nobody came for, at most 1000 at a time. */
export async function pruneTickets(sql: Sql): Promise<void> {
  await sql.query(
    'kernel.prune_tickets',
    'delete from stream_tickets where ticket_hash in (select ticket_hash from stream_tickets where expires_at < now() limit 1000)',
  );
}
