import Type from 'typebox';
import type { AuditRow } from '@thecloud/sdk/audit';

/** A row of the trail, on the wire, in an export and as it is hashed. */
export const AuditLog = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    seq: Type.String({ description: 'Order of writing' }),
    xid: Type.String({ description: 'Transaction that wrote the row; checkpoints cover ranges of it' }),
    created_at: Type.String({ format: 'date-time', description: 'With microseconds' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid' })),
    user_id: Type.String({ format: 'uuid', description: 'Who acted' }),
    actor: Type.Optional(Type.String({ description: 'Part of the platform that acted by itself' })),
    key_id: Type.Optional(Type.String({ format: 'uuid', description: 'API key or session that was used' })),
    action: Type.String({ description: 'For example instance.launch' }),
    resource_type: Type.String(),
    resource_id: Type.Optional(Type.String()),
    outcome: Type.String({ description: 'allowed or refused' }),
    details: Type.Optional(Type.Unknown({ description: 'Input of the call without its secrets' })),
    ip_address: Type.Optional(Type.String()),
    user_agent: Type.Optional(Type.String()),
    request_id: Type.Optional(Type.String()),
  },
  { $id: 'AuditLog' },
);

/** A row as the statements of this service read it. */
export interface AuditLogRow {
  readonly id: string;
  readonly seq: string;
  readonly xid: string;
  readonly created_at: string;
  readonly tenant_id: string | null;
  readonly user_id: string;
  readonly actor: string | null;
  readonly key_id: string | null;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string | null;
  readonly outcome: string;
  readonly details: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
}

/** A time as text: UTC, all six digits, whatever the session's settings are. */
export const timeText = (column: string): string =>
  `case when isfinite(${column}) then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || case when ${column} < '0001-01-01Z' then ' BC' else '' end
     else ${column}::text end`;

/** The columns of AuditLogRow. The metadata come as text, which tells JSON's null from none. */
export const AUDIT_COLUMNS = `a.id, a.seq::text, a.xid::text, ${timeText('a.created_at')} as created_at, a.tenant_id, a.user_id, a.actor, a.key_id,
     a.action, a.resource_type, a.resource_id, a.outcome, a.metadata::text as details, a.ip_address, a.user_agent, a.request_id`;

/** The row as it is shown, exported and hashed: members without a value are left out. */
export function presentAuditLog(row: AuditLogRow): AuditRow {
  const shown: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(row))
    if (value !== null) shown[member] = member === 'details' ? JSON.parse(value as string) : value;
  return shown as unknown as AuditRow;
}
