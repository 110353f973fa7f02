import { conflict } from '../../kernel/errors.ts';
import { nudge } from '../../kernel/reconcile-queue.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { NetworkName } from './network-engine.ts';
import type { VpcForInstance } from './vpc-reader.ts';

// What is in a VPC: whatever has an address there has a row here, from when it is made until it is gone from the world.

/** Most names in one VPC's name server; a /16 has no more addresses. */
const MAX_NAMES = 65_536;
/** Most owners that are woken when their VPC becomes active; the others look again each second anyway. */
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
  /** What it resolves by in the VPC, and nothing else there: see hostNameOf. */
  readonly hostName: string;
}

/**
 * Allocates a free address of the VPC with its MAC: the lowest unused address, or else the one that was released longest ago. The
 * caller holds the tenant's quota lock and the VPC's row, and wakes the VPC, which updates its name server. Throws CONFLICT if the host name is
 * taken, if no address is left, or if somebody without that lock was faster.
 *
 * A MAC follows from the address, so that what the router and the neighbours remember of an address holds for its next owner: with MACs
 * of the owners, a new instance on a used address was out of reach for 9 to 23 s. `02:5a` is locally administered; a VPC is a bridge of its own.
 */
export async function attachInterface(sql: Sql, wanted: NewInterface): Promise<{ address: string; mac: string }> {
  const { vpc } = wanted;
  const [found] = await sql.query<{
    namesake: string | null;
    free: string | null;
    address: string | null;
    mac: string | null;
  }>(
    'vpcs.attach_interface',
    `with free as (
       select coalesce(
         (select highest + 1
          from (select coalesce(greatest(
                  (select address from network_interfaces where vpc_id = $3 order by address desc limit 1),
                  (select address from released_addresses where vpc_id = $3 order by address desc limit 1)), $8::inet - 1) as highest) as used
          where highest < $9::inet),
         (select address from released_addresses where vpc_id = $3 order by released_at, address limit 1)) as candidate),
     reused as (
       delete from released_addresses where vpc_id = $3 and address = (select candidate from free) returning mac),
     made as (
       insert into network_interfaces (id, tenant_id, vpc_id, owner_kind, owner_id, host_id, name, host_name, address, mac)
       select $1, $2, $3, $4, $5, $6, $7, $10, candidate,
         coalesce((select mac from reused), ('025a' || lpad(to_hex(candidate - '0.0.0.0'), 8, '0'))::macaddr)
       from free where candidate is not null on conflict do nothing returning address, mac)
     select (select name from network_interfaces where vpc_id = $3 and host_name = $10) as namesake,
       host(free.candidate) as free, host(made.address) as address, made.mac::text as mac
     from free left join made on true`,
    [
      wanted.id,
      wanted.tenantId,
      vpc.id,
      wanted.ownerKind,
      wanted.ownerId,
      wanted.hostId,
      wanted.name,
      vpc.firstAddress,
      vpc.lastAddress,
      wanted.hostName,
    ],
  );
  const { namesake, free, address, mac } = found!;
  if (namesake !== null)
    throw conflict(
      namesake === wanted.name
        ? `'${wanted.name}' already exists in the VPC '${vpc.name}'; choose another name`
        : `name '${wanted.name}' gives the host name '${wanted.hostName}', which '${namesake}' already has in the VPC '${vpc.name}'; choose another name`,
    );
  if (free === null)
    throw conflict(`the VPC '${vpc.name}' has no free address left; delete something in it, or use another VPC`);
  if (address === null || mac === null)
    throw conflict(
      `the address ${free} or the host name '${wanted.hostName}' in the VPC '${vpc.name}' was just taken; try again`,
    );
  return { address, mac };
}

/** Frees the host name during a deletion, so that a new instance can use it immediately. The address stays allocated until the owner is gone. */
export async function releaseHostName(sql: Sql, ownerKind: string, ownerId: string): Promise<void> {
  await sql.query(
    'vpcs.release_host_name',
    'update network_interfaces set host_name = null where owner_kind = $1 and owner_id = $2 and host_name is not null',
    [ownerKind, ownerId],
  );
}

/** Frees the address after the owner is gone, and nudges the VPC, which updates its name server and may wait for this to be deleted. */
export async function releaseInterface(sql: Sql, ownerKind: string, ownerId: string): Promise<void> {
  const rows = await sql.query<{ id: string; tenant_id: string; host_id: string | null }>(
    'vpcs.release_interface',
    `with gone as (
       delete from network_interfaces where owner_kind = $1 and owner_id = $2 returning tenant_id, vpc_id, address, mac),
     released as (
       insert into released_addresses (tenant_id, vpc_id, address, mac) select tenant_id, vpc_id, address, mac from gone
       on conflict do nothing)
     select id, tenant_id, host_id from vpcs where id in (select vpc_id from gone)`,
    [ownerKind, ownerId],
  );
  for (const vpc of rows) await nudge(sql, { kind: 'vpc', id: vpc.id, tenantId: vpc.tenant_id, hostId: vpc.host_id });
}

/** What resolves in a VPC. */
export const listNames = (sql: Sql, vpcId: string): Promise<readonly NetworkName[]> =>
  sql.query(
    'vpcs.names',
    `select host_name as name, host(address) as address from network_interfaces
     where vpc_id = $1 and host_name is not null order by host_name limit ${MAX_NAMES}`,
    [vpcId],
  );

/** Number of interfaces in a VPC, including those being removed. */
export async function countInterfaces(sql: Sql, vpcId: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    'vpcs.count_interfaces',
    'select count(*)::int as count from network_interfaces where vpc_id = $1',
    [vpcId],
  );
  return row!.count;
}

/** Nudges owners that wait for their network, so that they continue immediately. In the order of ids, so that two callers do not deadlock. */
export async function wakeOwners(sql: Sql, vpcId: string): Promise<void> {
  const owners = await sql.query<{ owner_kind: string; owner_id: string; tenant_id: string; host_id: string | null }>(
    'vpcs.owners',
    `select owner_kind, owner_id, tenant_id, host_id from network_interfaces where vpc_id = $1 order by owner_kind, owner_id limit ${MAX_WOKEN}`,
    [vpcId],
  );
  for (const owner of owners)
    await nudge(sql, {
      kind: owner.owner_kind,
      id: owner.owner_id,
      tenantId: owner.tenant_id,
      hostId: owner.host_id,
    });
}
