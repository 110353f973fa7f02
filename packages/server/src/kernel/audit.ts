import type { Caller, Origin } from './caller.ts';
import { actorOf, userIdOf } from './caller.ts';
import type { Changes } from './changes.ts';
import type { RegisteredOperation } from './operation.ts';
import type { Sql } from './sql/tx.ts';

/** What an audit row says of the operation. */
export type Acted = Pick<RegisteredOperation, 'name' | 'audit' | 'resource'>;

export interface Trace {
  readonly operation: Acted;
  readonly caller: Caller;
  readonly origin: Origin;
  readonly tenantId: string | undefined;
  /** Who acted, where it is not the caller: a login is the user's own act. */
  readonly userId: string | undefined;
  /** With which API key, where it is not the caller's. */
  readonly keyId?: string | undefined;
  readonly resourceId: string | undefined;
  readonly metadata: object;
  readonly changes?: Changes | undefined;
}

/** The channel on which a commit announces its events; the payload is `<tenant id> <resource id>`. A hint: a follower also polls. */
export const EVENT_CHANNEL = 'cloud_events';

const announcementOf = (tenantId: string | null | undefined, resourceId: string | null | undefined): string =>
  `${tenantId ?? ''} ${resourceId ?? ''}`;

/**
 * The audit row and the event of one change, in one statement of the change's own transaction: an operation that cannot be audited
 * does not happen. `audit_logs.metadata` holds the input without its secrets.
 */
export async function recordChange(
  sql: Sql,
  trace: Trace & { readonly operation: Acted & Pick<RegisteredOperation, 'event'> },
  auditId: string,
  eventId: string,
): Promise<void> {
  await sql.query(
    'kernel.record_change',
    `with audit as (
       insert into audit_logs (id, user_id, tenant_id, action, resource_type, resource_id, metadata, ip_address, user_agent, request_id, actor, key_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, $16)),
     event as (
       insert into events (id, tenant_id, event_type, resource_id, resource_type, metadata, actor, changes)
       values ($11, $3, $12, coalesce($6, ''), $5, $7, coalesce($13, $2::text), $14))
     select pg_notify('${EVENT_CHANNEL}', $15)`,
    [
      auditId,
      trace.userId ?? userIdOf(trace.caller),
      trace.tenantId ?? null,
      trace.operation.audit,
      trace.operation.resource,
      trace.resourceId ?? null,
      JSON.stringify(trace.metadata),
      trace.origin.ip ?? null,
      trace.origin.userAgent?.slice(0, 255) ?? null,
      trace.origin.requestId,
      eventId,
      trace.operation.event,
      actorOf(trace.caller),
      trace.changes ? JSON.stringify(trace.changes) : null,
      announcementOf(trace.tenantId, trace.resourceId),
      keyIdOf(trace),
    ],
  );
}

/** The audit row of an attempt that was refused, in the trail of whom it concerns, in whatever scope. */
export async function recordRefusal(sql: Sql, trace: Trace, auditId: string): Promise<void> {
  await sql.query('kernel.record_refusal', 'select record_refusal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
    auditId,
    trace.userId ?? userIdOf(trace.caller),
    trace.tenantId ?? null,
    trace.operation.audit,
    trace.operation.resource,
    trace.resourceId ?? null,
    JSON.stringify(trace.metadata),
    trace.origin.ip ?? null,
    trace.origin.userAgent?.slice(0, 255) ?? null,
    trace.origin.requestId,
    actorOf(trace.caller),
    keyIdOf(trace),
  ]);
}

const keyIdOf = ({ caller, keyId }: Trace): string | null => keyId ?? (caller.kind === 'user' ? caller.keyId : null);

/** In JSON, a NUL or half a surrogate pair, which jsonb cannot hold. */
const UNSTORABLE = /\\u(?:0000|d[89a-f][0-9a-f]{2})/;
/** Longest kept input in characters of JSON, and most names of members that are kept of a longer one. */
const MOST_INPUT = 4096;
const MOST_MEMBERS = 64;

/**
 * The input as the audit may keep it: without secrets, and no longer than 4 KiB. Of a longer one, and of one that the database cannot hold, the
 * names of its members: an attempt that is refused before its input is checked must not stay out of the trail by what it sends.
 */
export function auditableInput(operation: RegisteredOperation, input: unknown): object {
  const secrets = new Set(operation.descriptor.secrets ?? []);
  const kept = Object.fromEntries(Object.entries(input as object).filter(([key]) => !secrets.has(key)));
  const text = JSON.stringify(kept);
  if (text.length <= MOST_INPUT && !UNSTORABLE.test(text)) return kept;
  const members = Object.keys(kept).slice(0, MOST_MEMBERS);
  return { truncated: true, members: members.map((name) => storable(name.slice(0, 64))) };
}

/** A text with U+FFFD in place of what PostgreSQL cannot hold: a NUL or half a surrogate pair. */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

/** An event of the platform's own: what a reconciler saw or did. */
export async function recordEvent(
  sql: Sql,
  event: {
    id: string;
    tenantId: string | null;
    actor: string;
    type: string;
    resourceType: string;
    resourceId: string;
    metadata?: object;
    changes?: Changes | undefined;
  },
): Promise<void> {
  await sql.query(
    'kernel.record_event',
    `with event as (
       insert into events (id, tenant_id, actor, event_type, resource_id, resource_type, metadata, changes)
       values ($1, $2, $3, $4, $5, $6, $7, $8))
     select pg_notify('${EVENT_CHANNEL}', $9)`,
    [
      event.id,
      event.tenantId,
      event.actor,
      event.type,
      event.resourceId,
      event.resourceType,
      JSON.stringify(event.metadata ?? {}),
      event.changes ? JSON.stringify(event.changes) : null,
      announcementOf(event.tenantId, event.resourceId),
    ],
  );
}
