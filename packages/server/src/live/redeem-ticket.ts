import { recordChange, recordRefusal, type Trace } from '../kernel/audit.ts';
import { isPermitted } from '../kernel/caller.ts';
import { type CloudError, forbidden, internal, notFound, unauthorized } from '../kernel/errors.ts';
import { newId, sha256Hex } from '../kernel/ids.ts';
import type { Entry, Registry } from '../kernel/registry.ts';
import type { Sql } from '../kernel/sql/tx.ts';
import type { Ticket } from '../kernel/ticket.ts';

interface TicketRow extends Ticket {
  readonly key_id: string;
  /** What the key might do in the tenant when the database issued the ticket. */
  readonly permissions: readonly string[];
  readonly metadata: object;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string;
}

/** A refusal is not thrown: that the ticket was taken away, and tried, is committed. */
export type Redeemed = { readonly ticket: Ticket; readonly audited: boolean } | { readonly refusal: CloudError };

/**
 * Takes the ticket away, and answers what it is for once nothing of it rests on the word of the API: the database issued it for a key that is
 * still good, the key's permissions contain the operation's, the target is the tenant's, and what changes something is written down here, in
 * the same transaction.
 */
export async function redeemTicket(sql: Sql, registry: Pick<Registry, 'entries'>, text: string): Promise<Redeemed> {
  const row = await take(sql, text);
  if (!row) return { refusal: unauthorized('this ticket is unknown, used or expired') };
  const entry = registry.entries.get(row.operation);
  if (!entry?.descriptor.live) return { refusal: internal(`no live operation ${row.operation}`) };
  const { tenant_id, user_id, operation, target_id, spec } = row;
  const permissions = new Set(row.permissions);
  const trace: Trace & { readonly operation: Entry } = {
    operation: entry,
    caller: {
      kind: 'user',
      userId: user_id,
      email: '',
      platformRole: '',
      keyId: row.key_id,
      tenantId: tenant_id,
      role: undefined,
      permissions,
    },
    origin: {
      requestId: row.request_id,
      ...(row.ip_address === null ? {} : { ip: row.ip_address }),
      ...(row.user_agent === null ? {} : { userAgent: row.user_agent }),
    },
    tenantId: tenant_id,
    userId: undefined,
    resourceId: target_id ?? undefined,
    metadata: row.metadata,
  };
  if (entry.permission === undefined || !isPermitted(permissions, entry.permission)) {
    await recordRefusal(sql, trace, newId());
    return { refusal: forbidden(`this needs the permission '${entry.permission}', which the key lacks`) };
  }
  if (!(await isTargetThere(sql, entry, row)))
    return { refusal: notFound(entry.targetKind?.noun ?? 'target', target_id ?? '') };
  if (entry.writes) await recordChange(sql, trace, newId(), newId());
  return { ticket: { tenant_id, user_id, operation, target_id, spec }, audited: entry.writes };
}

/** Undefined when it is unknown, used or expired, or its key has ended since. */
async function take(sql: Sql, text: string): Promise<TicketRow | undefined> {
  const [row] = await sql.query<TicketRow>(
    'live.redeem_ticket',
    `with spent as (delete from stream_tickets where ticket_hash = $1 returning *)
     select s.tenant_id, s.user_id, s.operation, s.target_id, s.spec, s.key_id, s.permissions, s.metadata, s.ip_address, s.user_agent, s.request_id
     from spent s join api_keys k on k.id = s.key_id
     where s.expires_at > clock_timestamp() and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())`,
    [sha256Hex(text)],
  );
  return row;
}

async function isTargetThere(sql: Sql, { targetKind }: Entry, row: TicketRow): Promise<boolean> {
  if (!targetKind) return row.target_id === null;
  if (row.target_id === null) return false;
  const look = { tenantId: row.tenant_id, userId: row.user_id, ref: row.target_id, lock: false };
  const found = await targetKind.find(sql, look);
  return found !== undefined && targetKind.id(found) === row.target_id;
}
