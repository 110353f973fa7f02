import { sha256Hex } from '../kernel/ids.ts';
import type { Sql } from '../kernel/sql/tx.ts';
import type { Ticket } from '../kernel/ticket.ts';

/** Takes the ticket away; undefined when it is unknown, used or expired. */
export async function redeemTicket(sql: Sql, ticket: string): Promise<Ticket | undefined> {
  const [row] = await sql.query<Ticket>(
    'live.redeem_ticket',
    `with spent as (delete from stream_tickets where ticket_hash = $1 returning tenant_id, user_id, operation, spec, expires_at)
     select tenant_id, user_id, operation, spec from spent where expires_at > now()`,
    [sha256Hex(ticket)],
  );
  return row;
}
