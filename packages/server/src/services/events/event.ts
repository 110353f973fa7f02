import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';
import { isUuid } from '../../kernel/ids.ts';

export const Event = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    tenant_id: Type.String({ format: 'uuid' }),
    sequence: Type.Integer({
      description: 'Grows with each event; of one resource, in the order in which the changes took effect',
    }),
    action: Type.String({ description: 'INSTANCE_LAUNCH, VPC_ACTIVE …' }),
    resource_type: Type.String(),
    resource_id: Type.String(),
    actor: Type.Optional(Type.String({ description: 'Id of the user, or system: and the part of the platform' })),
    user_id: Type.Optional(Type.String({ format: 'uuid' })),
    changes: Type.Optional(
      Type.Record(Type.String(), Type.Object({ from: Type.Unknown(), to: Type.Unknown() }), {
        description: 'What changed, by member of the resource: from and to',
      }),
    ),
    metadata: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'The input of the call without its secrets, or details',
      }),
    ),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Event' },
);
export type Event = Static<typeof Event>;

export interface EventRow {
  readonly id: string;
  readonly tenant_id: string;
  /** int8 as text. */
  readonly seq: string;
  readonly xid: string;
  readonly event_type: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly actor: string | null;
  readonly changes: Event['changes'] | null;
  readonly metadata: Record<string, unknown> | null;
  readonly created_at: Date;
}

export const COLUMNS =
  'id, tenant_id, seq::text as seq, xid::text as xid, event_type, resource_type, resource_id, actor, changes, metadata, created_at';

const filled = (value: object | null | undefined): boolean => !!value && Object.keys(value).length > 0;

export const presentEvent = (row: EventRow): Event =>
  ({
    ...presentRow(row, ['id', 'tenant_id']),
    sequence: Number(row.seq),
    action: row.event_type,
    ...presentRow(row, ['resource_type', 'resource_id', 'actor']),
    ...(row.actor && isUuid(row.actor) ? { user_id: row.actor } : {}),
    ...(filled(row.changes) ? { changes: row.changes } : {}),
    ...(filled(row.metadata) ? { metadata: row.metadata } : {}),
    created_at: row.created_at.toISOString(),
  }) as Event;
