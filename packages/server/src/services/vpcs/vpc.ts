import Type, { type Static } from 'typebox';
import type { CommonReason } from '../../kernel/pass.ts';
import type { AddressCount } from './network-interface.ts';
import { type ResourceRow, presentRow, type Table } from '../../kernel/resource.ts';

export const Vpc = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    user_id: Type.String({ format: 'uuid' }),
    tenant_id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    cidr_block: Type.String(),
    network_id: Type.String({ description: 'Name of the network on the host' }),
    status: Type.String({ description: 'pending, active, error or DELETING' }),
    status_reason: Type.Optional(Type.String({ description: 'What the VPC waits for, or why it failed' })),
    status_reason_code: Type.Optional(
      Type.String({ description: 'status_reason for programs: WAITING_FOR_ENGINE, ENGINE_FAILED …' }),
    ),
    arn: Type.String(),
    addresses_in_use: Type.Optional(
      Type.Integer({
        description: 'Addresses of resources in the VPC. Only in the answer of GET /vpcs/:id, as the next two',
      }),
    ),
    addresses_resting: Type.Optional(
      Type.Integer({ description: 'Released addresses, which the platform assigns again when no free one is left' }),
    ),
    addresses_free: Type.Optional(Type.Integer({ description: 'Addresses that no resource ever had' })),
    version: Type.Integer(),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Vpc' },
);
export type Vpc = Static<typeof Vpc>;

export type VpcStatus = 'pending' | 'active' | 'error';

export interface VpcRow extends ResourceRow {
  /** Counted for a single VPC. */
  readonly addresses?: AddressCount;
  readonly user_id: string;
  readonly cidr_block: string;
  readonly network_id: string;
  readonly arn: string;
  readonly host_id: string | null;
  readonly uplink_index: number | null;
  readonly status: VpcStatus;
  readonly status_reason: string | null;
  readonly reason_code: CommonReason | null;
  readonly phase_deadline: Date | null;
  readonly observed_version: number | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const VPCS: Table<VpcRow> = {
  name: 'vpcs',
  ec2Prefix: 'vpc',
  columns: `id, user_id, tenant_id, name, cidr_block, network_id, coalesce(arn, '') as arn, version, host_id, uplink_index, status, status_reason, reason_code,
    phase_deadline, observed_version, deleted_at, created_at, updated_at`,
};

/** The status that people see. */
export const vpcStatus = (row: VpcRow): string => (row.deleted_at ? 'DELETING' : row.status);

export const presentVpc = (row: VpcRow): Vpc => ({
  ...(presentRow(row, [
    'id',
    'user_id',
    'tenant_id',
    'name',
    'cidr_block',
    'network_id',
    'status',
    'status_reason',
    'arn',
    'version',
    'created_at',
    'updated_at',
  ]) as Vpc),
  ...(row.reason_code ? { status_reason_code: row.reason_code } : {}),
  ...(row.addresses
    ? {
        addresses_in_use: row.addresses.inUse,
        addresses_resting: row.addresses.resting,
        addresses_free: row.addresses.free,
      }
    : {}),
  status: vpcStatus(row),
});
