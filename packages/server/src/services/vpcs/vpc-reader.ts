import { findRow, holdRow, loadRow } from '../../kernel/resource.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { gatewayOf, hostRange, parseVpcCidr } from './cidr.ts';
import { type VpcRow, VPCS, type VpcStatus } from './vpc.ts';

/** What an instance needs to know of its VPC. */
export interface VpcForInstance {
  readonly id: string;
  readonly name: string;
  readonly hostId: string | null;
  readonly status: VpcStatus;
  readonly statusReason: string | null;
  readonly prefix: number;
  readonly gateway: string;
  readonly firstAddress: string;
  readonly lastAddress: string;
}

/** By id or name in the tenant; locks the VPC against deletion until the end of the transaction. */
export async function findVpcForInstance(sql: Sql, tenantId: string, ref: string): Promise<VpcForInstance | undefined> {
  const row = await holdRow(sql, VPCS, tenantId, ref);
  return row && describe(row);
}

/** By id or name in the tenant, without holding it. */
export async function findVpcId(sql: Sql, tenantId: string, ref: string): Promise<string | undefined> {
  return (await findRow(sql, VPCS, { tenantId, userId: '', ref, lock: false }))?.id;
}

export async function loadVpcForInstance(sql: Sql, id: string): Promise<VpcForInstance | undefined> {
  const row = await loadRow(sql, VPCS, id);
  return row && describe(row);
}

function describe(row: VpcRow): VpcForInstance {
  const cidr = parseVpcCidr(row.cidr_block);
  const { first, last } = hostRange(cidr);
  return {
    id: row.id,
    name: row.name,
    hostId: row.host_id,
    status: row.status,
    statusReason: row.status_reason,
    prefix: cidr.prefix,
    gateway: gatewayOf(cidr),
    firstAddress: first,
    lastAddress: last,
  };
}
