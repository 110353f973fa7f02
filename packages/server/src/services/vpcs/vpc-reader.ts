import type { Sql } from '../../kernel/sql/tx.ts';
import { gatewayOf, hostRange, parseVpcCidr } from './cidr.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

/** What an instance needs to know of its VPC. */
export interface VpcForInstance {
  readonly id: string;
  readonly name: string;
  readonly hostId: string | null;
  readonly status: string;
  readonly statusReason: string | null;
  readonly prefix: number;
  readonly gateway: string;
  readonly firstAddress: string;
  readonly lastAddress: string;
}

/** By id or name in the tenant; holds the VPC until the end of the transaction, so that it is not deleted meanwhile. */
export async function findVpcForInstance(sql: Sql, tenantId: string, ref: string): Promise<VpcForInstance | undefined> {
  const repository = createPgVpcRepository(sql);
  const found = await repository.find(tenantId, ref);
  if (!found) return undefined;
  await repository.lock(found.id);
  // Read again: it may have been deleted while we waited for the lock.
  const row = await repository.find(tenantId, found.id);
  return row && describe(row);
}

/** By id or name in the tenant, without holding it. */
export async function findVpcId(sql: Sql, tenantId: string, ref: string): Promise<string | undefined> {
  return (await createPgVpcRepository(sql).find(tenantId, ref))?.id;
}

export async function loadVpcForInstance(sql: Sql, id: string): Promise<VpcForInstance | undefined> {
  const row = await createPgVpcRepository(sql).load(id);
  return row && describe(row);
}

function describe(row: {
  id: string;
  name: string;
  host_id: string | null;
  status: string;
  status_reason: string | null;
  cidr_block: string;
}): VpcForInstance {
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
