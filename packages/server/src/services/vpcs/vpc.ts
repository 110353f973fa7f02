import Type, { type Static } from 'typebox';

export const Vpc = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    user_id: Type.String({ format: 'uuid' }),
    tenant_id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    cidr_block: Type.String(),
    network_id: Type.String({ description: 'Its name on the host' }),
    status: Type.String({ description: 'pending, active or error' }),
    status_reason: Type.Optional(Type.String()),
    arn: Type.String(),
    version: Type.Integer(),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Vpc' },
);
export type Vpc = Static<typeof Vpc>;

export type VpcStatus = 'pending' | 'active' | 'error';

export interface VpcRow {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly cidr_block: string;
  readonly network_id: string;
  readonly arn: string | null;
  readonly version: number;
  readonly host_id: string | null;
  readonly uplink_index: number | null;
  readonly status: VpcStatus;
  readonly status_reason: string | null;
  readonly observed_version: number | null;
  readonly deleted_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const presentVpc = (row: VpcRow): Vpc => ({
  id: row.id,
  user_id: row.user_id,
  tenant_id: row.tenant_id,
  name: row.name,
  cidr_block: row.cidr_block,
  network_id: row.network_id,
  status: row.status,
  ...(row.status_reason ? { status_reason: row.status_reason } : {}),
  arn: row.arn ?? '',
  version: row.version,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});
