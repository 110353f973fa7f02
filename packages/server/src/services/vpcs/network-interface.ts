import { isIPv4 } from 'node:net';
import Type, { type Static } from 'typebox';
import { type Caller, isPermitted } from '../../kernel/caller.ts';
import type { PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { hostRange, parseVpcCidr } from './cidr.ts';
import { DNS_DOMAIN } from './network-engine.ts';
import type { VpcRow } from './vpc.ts';

/** What people see of network-interfaces.ts: what is in a VPC, and how many addresses are left. */
export const NetworkInterface = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    private_ip: Type.String(),
    mac_address: Type.String(),
    resource_type: Type.String({ description: 'Kind of the resource that has the address: instance' }),
    resource_id: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'Absent if you may not read such a resource, as its name and host name',
      }),
    ),
    resource_name: Type.Optional(Type.String()),
    hostname: Type.Optional(Type.String({ description: 'Absent while the resource is being deleted' })),
    dns_name: Type.Optional(Type.String({ description: 'Full DNS name in the VPC' })),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'NetworkInterface' },
);

export interface NetworkInterfaceRow {
  readonly id: string;
  readonly address: string;
  readonly mac: string;
  readonly owner_kind: string;
  readonly owner_id: string;
  readonly name: string;
  readonly host_name: string | null;
  readonly created_at: Date;
}

/** Lists go on behind an address. */
export const isAddress = isIPv4;

/** Who may not read a resource learns that an address is taken, and no more. */
export function presentInterface(row: NetworkInterfaceRow, caller: Caller): Static<typeof NetworkInterface> {
  const isShown = caller.kind !== 'user' || isPermitted(caller.permissions, `${row.owner_kind}:read`);
  return {
    id: row.id,
    private_ip: row.address,
    mac_address: row.mac,
    resource_type: row.owner_kind,
    ...(isShown ? { resource_id: row.owner_id, resource_name: row.name } : {}),
    ...(isShown && row.host_name !== null
      ? { hostname: row.host_name, dns_name: `${row.host_name}.${DNS_DOMAIN}` }
      : {}),
    created_at: row.created_at.toISOString(),
  };
}

/** The page after the address `page.after`, and one row more than its limit. */
export const listInterfaces = (
  sql: Sql,
  vpc: Pick<VpcRow, 'id' | 'tenant_id'>,
  page: PageRequest,
): Promise<readonly NetworkInterfaceRow[]> =>
  sql.query(
    'vpcs.list_interfaces',
    `select id, host(address) as address, mac::text as mac, owner_kind, owner_id, name, host_name, created_at
     from network_interfaces n where tenant_id = $1 and vpc_id = $2 and n.address > $3 order by n.address limit $4`,
    [vpc.tenant_id, vpc.id, page.after ?? '0.0.0.0', page.limit + 1],
  );

/** Addresses of a VPC that resources can have. */
export interface AddressCount {
  readonly inUse: number;
  /** Released, and given out again when no other is left. */
  readonly resting: number;
  readonly free: number;
}

/** Counts at most 65,533 entries of two indexes. */
export async function countAddresses(
  sql: Sql,
  vpc: Pick<VpcRow, 'id' | 'tenant_id' | 'cidr_block'>,
): Promise<AddressCount> {
  const [row] = await sql.query<{ in_use: number; resting: number }>(
    'vpcs.count_addresses',
    `select (select count(*)::int from network_interfaces where tenant_id = $1 and vpc_id = $2) as in_use,
       (select count(*)::int from released_addresses where tenant_id = $1 and vpc_id = $2) as resting`,
    [vpc.tenant_id, vpc.id],
  );
  const { first, last } = hostRange(parseVpcCidr(vpc.cidr_block));
  const { in_use: inUse, resting } = row!;
  return { inUse, resting, free: numberOf(last) - numberOf(first) + 1 - inUse - resting };
}

const numberOf = (address: string): number => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
