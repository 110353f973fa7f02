import { conflict } from '../../kernel/errors.ts';
import { sha256Hex } from '../../kernel/ids.ts';
import { wake } from '../../kernel/reconcile-queue.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { VpcForInstance } from './vpc-reader.ts';

// What is in a VPC: whatever has an address there has a row here, from when it is made until it is gone from the world.

/** Most names that one VPC's name server is told; a /16 has room for no more. */
const MAX_NAMES = 65_536;
/** Most owners that are woken when their VPC is there; those that wait for it look again each second anyway. */
const MAX_WOKEN = 1_000;

export interface NewInterface {
  readonly id: string;
  readonly vpc: Pick<VpcForInstance, 'id' | 'name' | 'hostId' | 'firstAddress' | 'lastAddress'>;
  readonly tenantId: string;
  /** Its owner's kind, as it is woken. */
  readonly ownerKind: string;
  readonly ownerId: string;
  readonly hostId: string | null;
  /** As people wrote it. */
  readonly name: string;
}

/**
 * Gives the owner the lowest free address of the VPC, and a MAC. The caller holds the tenant's quota lock and the VPC's row, and wakes the VPC,
 * whose name server is told. Throws CONFLICT when no address is left, or when somebody without that lock was faster.
 */
export async function attachInterface(sql: Sql, wanted: NewInterface): Promise<{ address: string; mac: string }> {
  const { vpc } = wanted;
  const [found] = await sql.query<{ free: string | null; address: string | null; mac: string | null }>(
    'vpcs.attach_interface',
    `with free as (
       select candidate
       from (select $9::inet as candidate union all select address + 1 from network_interfaces where vpc_id = $3) as candidates
       where candidate <= $10::inet and not exists (select 1 from network_interfaces taken where taken.vpc_id = $3 and taken.address = candidate)
       order by candidate limit 1),
     made as (
       insert into network_interfaces (id, tenant_id, vpc_id, owner_kind, owner_id, host_id, name, address, mac)
       select $1, $2, $3, $4, $5, $6, $7, candidate, $8 from free on conflict do nothing returning address, mac)
     select (select host(candidate) from free) as free, host(made.address) as address, made.mac::text as mac
     from (select 1) as one left join made on true`,
    [
      wanted.id,
      wanted.tenantId,
      vpc.id,
      wanted.ownerKind,
      wanted.ownerId,
      wanted.hostId,
      wanted.name,
      macOf(wanted.ownerId),
      vpc.firstAddress,
      vpc.lastAddress,
    ],
  );
  const { free, address, mac } = found!;
  if (free === null) throw conflict(`the VPC '${vpc.name}' has no free address left`);
  if (address === null || mac === null)
    throw conflict(`the address ${free} of the VPC '${vpc.name}' was taken just now; try again`);
  return { address, mac };
}

/** A locally administered unicast MAC, the same at every look. */
const macOf = (ownerId: string): string => `02:${sha256Hex(ownerId).slice(0, 10).match(/../g)!.join(':')}`;

/** Frees the address of one that is gone from the world, and wakes its VPC, whose name server is told and which may wait for just that. */
export async function releaseInterface(sql: Sql, ownerKind: string, ownerId: string): Promise<void> {
  const rows = await sql.query<{ id: string; tenant_id: string; host_id: string | null }>(
    'vpcs.release_interface',
    `with gone as (delete from network_interfaces where owner_kind = $1 and owner_id = $2 returning vpc_id)
     select id, tenant_id, host_id from vpcs where id in (select vpc_id from gone)`,
    [ownerKind, ownerId],
  );
  for (const vpc of rows) await wake(sql, { kind: 'vpc', id: vpc.id, tenantId: vpc.tenant_id, hostId: vpc.host_id });
}

/** Names and addresses in a VPC; the names as people wrote them. */
export const listNames = (
  sql: Sql,
  vpcId: string,
): Promise<readonly { owner_id: string; name: string; address: string }[]> =>
  sql.query(
    'vpcs.names',
    `select owner_id, name, host(address) as address from network_interfaces
     where vpc_id = $1 order by lower(name), owner_id limit ${MAX_NAMES}`,
    [vpcId],
  );

/** How many are still in a VPC, those that are being removed too. */
export async function countInterfaces(sql: Sql, vpcId: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    'vpcs.count_interfaces',
    'select count(*)::int as count from network_interfaces where vpc_id = $1',
    [vpcId],
  );
  return row!.count;
}

/** Those that were made before their network was there go on at once. In the order of ids: two who wake the same do not deadlock. */
export async function wakeOwners(sql: Sql, vpcId: string): Promise<void> {
  const owners = await sql.query<{ owner_kind: string; owner_id: string; tenant_id: string; host_id: string | null }>(
    'vpcs.owners',
    `select owner_kind, owner_id, tenant_id, host_id from network_interfaces where vpc_id = $1 order by owner_kind, owner_id limit ${MAX_WOKEN}`,
    [vpcId],
  );
  for (const owner of owners)
    await wake(sql, {
      kind: owner.owner_kind,
      id: owner.owner_id,
      tenantId: owner.tenant_id,
      hostId: owner.host_id,
    });
}
